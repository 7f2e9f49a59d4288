import { afterAll, beforeAll, expect, it } from 'vitest';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import type { Device, Tensor } from '../../../mmdit/device/device.ts';
import { ForwardDump } from '../../../mmdit/models/forward-dump.ts';
import { familyOf } from '../../../mmdit/models/model-families.ts';
import { verifyTransformer } from '../../../mmdit/models/verify.ts';

let device: CpuDevice;
beforeAll(async () => {
  device = await CpuDevice.open();
});
afterAll(() => device.close());

/** A device that adds up what its matrix products cost. */
function counting(inner: Device): { device: Device; flops: () => number } {
  let flops = 0;
  const linear: Device['linear'] = (x, weight, ...rest) => {
    const [outputs = 0, inputs = 0] = weight.shape;
    flops += 2 * rowsOf(x) * inputs * outputs;
    return inner.linear(x, weight, ...rest);
  };
  const projectQkv: Device['projectQkv'] = (streams, ...rest) => {
    for (const { x, weight } of streams) {
      const [outputs = 0, inputs = 0] = weight.shape;
      flops += 2 * rowsOf(x) * inputs * outputs;
    }
    inner.projectQkv(streams, ...rest);
  };
  const spy = new Proxy(inner, {
    get(target, name) {
      if (name === 'linear') return linear;
      if (name === 'projectQkv') return projectQkv;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { device: spy, flops: () => flops };
}

function rowsOf(x: Tensor | readonly Tensor[]): number {
  const { shape } = Array.isArray(x) ? (x as readonly Tensor[])[0]! : (x as Tensor);
  return shape.slice(0, -1).reduce((product, length) => product * length, 1);
}

/** What a dump's call has of image tokens, and a sample of how many. */
async function sizeOf(dump: ForwardDump, patch: number): Promise<{ batch: number; imageTokens: number }> {
  const flat = patch === 0;
  const { shape } = await dump.argument('hidden_states', flat ? 3 : 4);
  const [batch = 0, tokens = 0, h = 0, w = 0] = shape;
  return { batch, imageTokens: flat ? tokens : (h / patch) * (w / patch) };
}

it.each([
  ['flux-tiny', 0, 0.98],
  ['sd3-plain', 2, 0.9],
  ['sd35-dual', 2, 0.9],
])(
  'linearFlops of %s is what a forward pass asks of the device, but for the embeddings of time and prompt',
  async (name, patch, atLeast) => {
    const folder = `test/golden/${name}`;
    const counted = counting(device);
    await verifyTransformer(`${folder}/transformer`, `${folder}/io.safetensors`, counted.device);
    const dump = await ForwardDump.open(`${folder}/io.safetensors`);
    const text = await dump.argument('encoder_hidden_states', 3);
    const { batch, imageTokens } = await sizeOf(dump, patch);
    const component = await Component.open(`${folder}/transformer`);
    const model = await familyOf(component).open(component, device);
    const predicted = batch * model.shape.linearFlops(text.shape[1]!, imageTokens);
    model.close();
    expect(predicted).toBeLessThanOrEqual(counted.flops());
    expect(predicted / counted.flops()).toBeGreaterThan(atLeast);
  },
);
