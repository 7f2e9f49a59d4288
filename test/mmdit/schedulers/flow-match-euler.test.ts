import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { type FlowMatchConfig, readFlowMatchConfig } from '../../../mmdit/schedulers/flow-match-config.ts';
import {
  dynamicShift,
  eulerStep,
  fluxSchedule,
  type Schedule,
  trainedRangeSchedule,
} from '../../../mmdit/schedulers/flow-match-euler.ts';
import golden from '../../golden/schedulers.json' with { type: 'json' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'scheduler-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(fields: object): Promise<FlowMatchConfig> {
  const file = path.join(folder, 'scheduler_config.json');
  await writeFile(file, JSON.stringify({ _class_name: 'FlowMatchEulerDiscreteScheduler', ...fields }));
  return readFlowMatchConfig(file);
}

const FLUX_DEV = { shift: 3, use_dynamic_shifting: true };
const SCHNELL = { shift: 1, use_dynamic_shifting: false };
const SD3 = { shift: 3, use_dynamic_shifting: false };

type Golden = { mu?: number; sigmas: number[]; timesteps: number[] };

describe.each(Object.entries(golden as Record<string, Golden>))('%s against diffusers', (name, expected) => {
  it('has the same sigmas and timesteps to 1e-6', async () => {
    const steps = expected.timesteps.length;
    const [kind, size] = name.split('-');
    let schedule: Schedule;
    if (kind === 'sd3') schedule = trainedRangeSchedule(await read(SD3), steps);
    else if (size === 'schnell') schedule = fluxSchedule(await read(SCHNELL), steps, 4096);
    else {
      const config = await read(FLUX_DEV);
      const imageTokens = (Number(size) / 16) ** 2;
      expect(dynamicShift(config, imageTokens)).toBeCloseTo(expected.mu!, 12);
      schedule = fluxSchedule(config, steps, imageTokens);
    }
    expect(schedule.sigmas).toHaveLength(steps + 1);
    schedule.sigmas.forEach((sigma, n) => void expect(Math.abs(sigma - expected.sigmas[n]!)).toBeLessThanOrEqual(1e-6));
    schedule.timesteps.forEach(
      (time, n) => void expect(Math.abs(time / expected.timesteps[n]! - 1)).toBeLessThan(1e-6),
    );
  });
});

describe('readFlowMatchConfig', () => {
  it.each([
    [{ use_karras_sigmas: true }, 'use_karras_sigmas'],
    [{ use_beta_sigmas: true }, 'use_beta_sigmas'],
    [{ use_exponential_sigmas: true }, 'use_exponential_sigmas'],
    [{ stochastic_sampling: true }, 'stochastic_sampling'],
    [{ invert_sigmas: true }, 'invert_sigmas'],
    [{ shift_terminal: 0.02 }, 'shift_terminal'],
    [{ time_shift_type: 'cubic' }, 'time_shift_type'],
    [{ shift: -1 }, 'shift'],
    [{ sigma_of_tomorrow: 1 }, 'sigma_of_tomorrow'],
  ])('refuses %o by name', async (fields, name) => {
    await expect(read(fields)).rejects.toThrow(CheckpointError);
    await expect(read(fields)).rejects.toThrow(`"${name}"`);
  });

  it('refuses another scheduler by its name', async () => {
    await expect(read({ _class_name: 'DDIMScheduler' })).rejects.toThrow('DDIMScheduler');
  });

  it("fills in diffusers' defaults and computes the linear shift", async () => {
    const config = await read({ use_dynamic_shifting: true, time_shift_type: 'linear' });
    expect(config.base_image_seq_len).toBe(256);
    const { sigmas } = fluxSchedule(config, 2, 256);
    expect(sigmas[1]).toBeCloseTo(0.5 / (0.5 + 1), 6);
  });
});

describe('eulerStep', () => {
  it('moves against the noise in float32, in place', () => {
    const sample = Float32Array.of(1, -2);
    eulerStep(sample, Float32Array.of(0.5, 4), 0.75, 0.25);
    expect([...sample]).toEqual([0.75, -4]);
  });
});
