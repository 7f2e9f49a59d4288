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
    if (kind === 'sd3') schedule = trainedRangeSchedule(await read(SD3), steps, 4096);
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

/** Set by FlowMatchEulerDiscreteScheduler itself, as StableDiffusion3Pipeline asks it to: with mu, without sigmas. */
describe.each([
  [{ shift: 3 }, 1024, [1, 0.789953887462616, 0.48496735095977783, 0.0018759643426164985, 0]],
  [
    { time_shift_type: 'linear', base_shift: 1.5, max_shift: 4 },
    4096,
    [1, 0.8003197908401489, 0.0039880359545350075, 0],
  ],
])('SD3 shifted by size, %o', (fields, imageTokens, expected) => {
  it('has the sigmas of diffusers to 1e-6', async () => {
    const config = await read({ use_dynamic_shifting: true, ...fields });
    const { sigmas, timesteps } = trainedRangeSchedule(config, expected.length - 1, imageTokens);
    expect(sigmas).toHaveLength(expected.length);
    sigmas.forEach((sigma, n) => void expect(Math.abs(sigma - expected[n]!)).toBeLessThanOrEqual(1e-6));
    expect(timesteps[1]).toBeCloseTo(1000 * expected[1]!, 3);
  });
});

describe('readFlowMatchConfig', () => {
  it.each([
    [{ use_karras_sigmas: true }, '"use_karras_sigmas": expected false, found true'],
    [{ use_beta_sigmas: true }, '"use_beta_sigmas": expected false, found true'],
    [{ use_exponential_sigmas: true }, '"use_exponential_sigmas": expected false, found true'],
    [{ stochastic_sampling: true }, '"stochastic_sampling": expected false, found true'],
    [{ invert_sigmas: true }, '"invert_sigmas": expected false, found true'],
    [{ shift_terminal: 0.02 }, '"shift_terminal": expected null, found 0.02'],
    [{ time_shift_type: 'cubic' }, '"time_shift_type": expected "exponential" or "linear", found "cubic"'],
    [{ shift: -1 }, '"shift"'],
    [{ base_shift: null }, '"base_shift": expected a number, found null'],
    [{ sigma_of_tomorrow: 1 }, '"sigma_of_tomorrow" of FlowMatchEulerDiscreteScheduler is not supported, found 1'],
    [{ use_dynamic_shifting: true, base_image_seq_len: 4096 }, 'are both 4096; dynamic shifting needs two lengths'],
  ])('refuses %o by name', async (fields, message) => {
    await expect(read(fields)).rejects.toThrow(CheckpointError);
    await expect(read(fields)).rejects.toThrow(message);
  });

  it('passes over a field that it does not know and that is off', async () => {
    expect(await read({ sigma_of_tomorrow: null, shift: 3 })).toMatchObject({ shift: 3 });
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
