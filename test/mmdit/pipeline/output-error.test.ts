import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { openPipeline } from '../../../mmdit/pipeline/open-pipeline.ts';
import { findFault, OutputError, requirePicture, requirePixels } from '../../../mmdit/pipeline/output-error.ts';
import type { Pipeline } from '../../../mmdit/pipeline/pipeline.ts';

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('finds %s and says where', (value) => {
  const values = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i));
  expect(findFault(values, 2)).toBeNull();
  values[41] = value;
  expect(findFault(values, 2)).toBe(`${value} (element 41 of 100)`);
});

it('finds two infinities that cancel, and does not take a large sum for one', () => {
  expect(findFault(Float32Array.of(1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), 1)).toMatch(/element 1/);
  expect(findFault(Float32Array.of(3e38, 3e38, 1), 1)).toBeNull();
});

it('finds a sample that is flat among others that are not', () => {
  expect(findFault(Float32Array.of(1, 2, 0, 0), 2)).toBe('0 everywhere in sample 2');
  expect(findFault(new Float32Array(4), 1)).toBe('0 everywhere');
  expect(findFault(Float32Array.of(1, 2, 0, 1e-30), 2)).toBeNull();
});

it('a flat picture is refused, one other pixel is enough for a picture', () => {
  const pixels = new Uint8Array(3 * 16).fill(0);
  expect(() => requirePicture(pixels, 0, 4)).toThrow(/Picture 1 is one flat colour \(0, 0, 0\).* all 4 steps/);
  pixels[3 * 15 + 2] = 1;
  expect(() => requirePicture(pixels, 0, 4)).not.toThrow();
});

describe('a model whose output is lost', () => {
  let device: CpuDevice;
  let pipeline: Pipeline;
  beforeAll(async () => {
    device = await CpuDevice.open();
    pipeline = await openPipeline('test/golden/pipeline/flux-pipeline-tiny', device, { textTokens: 16 });
  });
  afterAll(async () => {
    await pipeline.close();
    await device.close();
  });
  const sampling = { steps: 4, guidance: 3.5, width: 64, height: 64 };

  /** Spoils what one layer's attention puts out from a step on, as a kernel that fails would. */
  async function spoilt(layer: number, step: number, value: number): Promise<unknown> {
    const attention = new PlanAttention(device, pipeline.layers, null);
    const attend = device.headwiseAttention.bind(device);
    let now = { layer: -1, step: -1 };
    const spy = vi.spyOn(device, 'headwiseAttention').mockImplementation((call) => {
      attend(call);
      if (now.layer !== layer || now.step < step) return;
      const size = call.out.shape.reduce((product, length) => product * length, 1);
      const wrong = device.upload(new Float32Array(size).fill(value), call.out.shape);
      device.copy(wrong, call.out);
      device.release(wrong);
    });
    try {
      return await pipeline.denoise({
        samples: [{ prompt: 'a cube', seed: 1 }],
        sampling,
        attention: (at) => {
          const hook = attention.step(at);
          return (call) => {
            now = { layer: call.layer, step: at };
            return hook(call);
          };
        },
      });
    } finally {
      spy.mockRestore();
      attention.close();
    }
  }

  it.each([0, 1, 2])('stops, naming the step and the layer where it began: layer %i', async (layer) => {
    const run = spoilt(layer, 2, Number.NaN);
    await expect(run).rejects.toThrow(OutputError);
    const name = pipeline.layers[layer]!.name.replaceAll('.', '\\.');
    await expect(run).rejects.toThrow(new RegExp(`step 3 of 4 .* NaN .*attention output of ${name}\\. `));
  });

  it('stops where every velocity is the same', async () => {
    const linear = device.linear.bind(device);
    const spy = vi.spyOn(device, 'linear').mockImplementation((x, weight, bias, options) => {
      const y = linear(x, weight, bias, options);
      if (y.shape.at(-1) !== 16 * 4) return y;
      device.release(y);
      return device.upload(new Float32Array(y.shape.reduce((product, length) => product * length, 1)), y.shape);
    });
    const attention = new PlanAttention(device, pipeline.layers, null);
    const run = pipeline.denoise({
      samples: [{ prompt: 'a cube', seed: 1 }],
      sampling,
      attention: (step) => attention.step(step),
    });
    await expect(run).rejects.toThrow(/step 1 of 4 the model put out 0 everywhere; every attention output was sound/);
    spy.mockRestore();
    attention.close();
  });
});

it('what a VAE puts out is numbers, or its error names it', () => {
  expect(() => requirePixels(Float32Array.of(0, -1.2, 1), 0)).not.toThrow();
  expect(() => requirePixels(Float32Array.of(0, Number.NaN, 1), 1)).toThrow(OutputError);
  expect(() => requirePixels(Float32Array.of(0, Number.NaN, 1), 1)).toThrow(
    /VAE put out NaN \(element 1 of 3\) for picture 2/,
  );
});
