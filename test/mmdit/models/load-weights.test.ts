import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import type { Device } from '../../../mmdit/device/device.ts';
import { DeviceMemoryError } from '../../../mmdit/device/device-memory-error.ts';
import type { LoadOptions, LoadProgress } from '../../../mmdit/models/load-weights.ts';
import { familyOf } from '../../../mmdit/models/model-families.ts';
import { writeSynthetic } from '../../../mmdit/synthetic/write-synthetic.ts';

const FLUX = 'test/golden/flux-tiny/transformer';

let folder: string;
let device: CpuDevice;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-load-'));
  device = await CpuDevice.open();
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true, force: true });
});

/** The device, but for what is given. */
function deviceWith(changes: Partial<Device>): Device {
  return new Proxy<Device>(device, {
    get: (target, key) => {
      if (key in changes) return changes[key as keyof Device];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function open(component: Component, on: Device, options: LoadOptions = {}): Promise<void> {
  (await familyOf(component).open(component, on, options)).close();
}

async function synthetic(name: 'flux-dev' | 'sd3-medium', size?: object): Promise<Component> {
  const checkpoint = path.join(folder, `${name}-${JSON.stringify(size)}`);
  await writeSynthetic(checkpoint, name, { seed: 1 }, size);
  return (await Checkpoint.open(checkpoint)).component('transformer');
}

describe('memory', () => {
  it('a synthetic FLUX needs on the processor what its weights take there, and nothing is made of it before', async () => {
    const loads: string[] = [];
    const machine = deviceWith({
      freeBytes: 24 * 2 ** 30,
      loadWeight: async ([source]) => {
        loads.push(source!.name);
        return { shape: [] };
      },
    });
    const opened = open(await synthetic('flux-dev'), machine);
    await expect(opened).rejects.toThrow(DeviceMemoryError);
    await expect(opened).rejects.toThrow(/needs 44\.3 GiB for its weights as f32; .* has 24\.0 GiB free of/);
    expect(loads).toEqual([]);
  });

  it.each<[string, number, Device['bytesPerWeight'], boolean]>([
    ['bf16 on a card', 24e9, { exact: 2, projection: 2, table: 0 }, true],
    ['bf16 on a smaller card', 20e9, { exact: 2, projection: 2, table: 0 }, false],
    ['fp8 there', 20e9, { exact: 2, projection: 1, table: 0 }, true],
    ['projections in the host’s memory', 8e9, { exact: 2, projection: 0, table: 0 }, true],
  ])('FLUX.1-dev as %s', async (_, freeBytes, bytesPerWeight, fits) => {
    const card = deviceWith({ freeBytes, bytesPerWeight, loadWeight: async () => ({ shape: [] }), release: () => {} });
    const opened = open(await synthetic('flux-dev'), card);
    if (fits) await expect(opened).resolves.toBeUndefined();
    else await expect(opened).rejects.toThrow(DeviceMemoryError);
  });
});

describe('loading', () => {
  it.each([
    ['stored', () => Component.open(FLUX)],
    ['made', () => synthetic('sd3-medium', { layers: 2, heads: 4 })],
  ])('says how many of the bytes are there: %s weights', async (_, component) => {
    const seen: LoadProgress[] = [];
    await open(await component(), device, { onProgress: (progress) => seen.push(progress) });
    const { bytes, totalBytes } = seen.at(-1)!;
    expect(bytes).toBe(totalBytes);
    expect(totalBytes).toBeGreaterThan(1e6);
    expect(seen.every((progress, n) => progress.bytes > (seen[n - 1]?.bytes ?? 0))).toBe(true);
  });

  it('reads every tensor as it is stored', async () => {
    const component = await Component.open(FLUX);
    const whole = new Map<string, Float32Array>();
    const spying = deviceWith({
      loadWeight: async (sources) => {
        for (const source of sources) whole.set(source.name, (await readFloats(source)).slice());
        return { shape: [] };
      },
      release: () => {},
    });
    await open(component, spying);
    expect([...whole.keys()].sort()).toEqual([...component.names].sort());
    for (const [name, values] of whole) expect(values, name).toEqual(await readFloats(component.tensor(name)));
  });

  it.each([
    ['stored', () => Component.open(FLUX)],
    ['made', () => synthetic('flux-dev', { layers: 2, singleLayers: 2, heads: 4 })],
  ])('ends when it is cancelled, and gives back what it had loaded: %s weights', async (_, component) => {
    const cancelled = new AbortController();
    let held = 0;
    const counting = deviceWith({
      loadWeight: async (sources) => {
        const tensor = await device.loadWeight(sources);
        held++;
        return tensor;
      },
      release: (...tensors) => {
        held -= tensors.length;
        device.release(...tensors);
      },
    });
    const onProgress = ({ bytes, totalBytes }: LoadProgress) => {
      if (bytes > totalBytes / 3) cancelled.abort(new Error('enough'));
      expect(bytes).toBeLessThan(totalBytes);
    };
    const opened = open(await component(), counting, { signal: cancelled.signal, onProgress });
    await expect(opened).rejects.toThrow('enough');
    expect(held).toBe(0);
  });
});
