import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addWeights, compareWithLpips, weightsFile } from '../../../calibration/metrics/installed-weights.ts';
import { Lpips } from '../../../calibration/metrics/lpips.ts';
import { type TensorToWrite, writeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import type { RgbImage } from '../../../mmdit/index.ts';
import { uniform } from '../../fixtures/synthetic-rse.ts';
import { convolve, maxPool, type Planes } from './naive-layers.ts';

/** [name, outputs, inputs, kernel, stride, pad, pool before] */
const STAGES = [
  ['net.slice1.0', 64, 3, 11, 4, 2, false],
  ['net.slice2.3', 192, 64, 5, 1, 2, true],
  ['net.slice3.6', 384, 192, 3, 1, 1, true],
  ['net.slice4.8', 256, 384, 3, 1, 1, false],
  ['net.slice5.10', 256, 256, 3, 1, 1, false],
] as const;

const random = uniform(11);
const floats = (count: number, size: number) => Float32Array.from({ length: count }, () => (random() - 0.4) * size);

/** Random weights of AlexNet's shapes, large enough at every stage for signals to survive. */
const tensors: TensorToWrite[] = STAGES.flatMap(([name, outputs, inputs, kernel], n) => {
  const fan = inputs * kernel ** 2;
  const tensor = (key: string, shape: number[], data: Float32Array) =>
    ({ name: key, dtype: 'F32', shape, data }) as const;
  return [
    tensor(`${name}.weight`, [outputs, inputs, kernel, kernel], floats(outputs * fan, 3 / Math.sqrt(fan))),
    tensor(`${name}.bias`, [outputs], floats(outputs, 0.1)),
    tensor(`lin${n}.model.1.weight`, [1, outputs, 1, 1], floats(outputs, 1).map(Math.abs)),
  ];
});
const weightOf = (name: string) => tensors.find((tensor) => tensor.name === name)!.data as Float32Array;

function picture(seed: number, width = 64, height = 72): RgbImage {
  const next = uniform(seed);
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => next() * 256) };
}

/** LPIPS in float64, written down from the paper: features of unit length, squared differences, weighed and averaged. */
function naiveLpips(a: RgbImage, b: RgbImage): number {
  let [x, y] = [input(a), input(b)];
  let distance = 0;
  for (const [n, [name, outputs, , kernel, stride, pad, pooled]] of STAGES.entries()) {
    const features = (from: Planes) => {
      const before = pooled ? maxPool(from, 3, 2) : from;
      const out = convolve(before, weightOf(`${name}.weight`), weightOf(`${name}.bias`), {
        outputs,
        kernel,
        stride,
        pad,
      });
      return { ...out, data: out.data.map((value) => Math.max(0, value)) };
    };
    [x, y] = [features(x), features(y)];
    const count = x.width * x.height;
    const linear = weightOf(`lin${n}.model.1.weight`);
    const length = ({ data }: Planes, at: number) =>
      Math.sqrt(1e-8 + linear.reduce((sum, _, channel) => sum + data[channel * count + at]! ** 2, 0));
    let sum = 0;
    for (let at = 0; at < count; at++) {
      const [lengthX, lengthY] = [length(x, at), length(y, at)];
      for (let channel = 0; channel < outputs; channel++) {
        const place = channel * count + at;
        sum += linear[channel]! * (x.data[place]! / lengthX - y.data[place]! / lengthY) ** 2;
      }
    }
    distance += sum / count;
  }
  return distance;
}

function input({ width, height, pixels }: RgbImage): Planes {
  const [shift, scale] = [
    [-0.03, -0.088, -0.188],
    [0.458, 0.448, 0.45],
  ];
  const data = Float64Array.from({ length: pixels.length }, (_, at) => {
    const channel = Math.floor(at / (width * height));
    const value = pixels[(at % (width * height)) * 3 + channel]! / 127.5 - 1;
    return (value - shift![channel]!) / scale![channel]!;
  });
  return { channels: 3, width, height, data };
}

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lpips-'));
  file = path.join(folder, 'weights.safetensors');
  await writeSafetensors(file, tensors);
});
afterAll(() => rm(folder, { recursive: true }));

describe('LPIPS', () => {
  it('is what its definition gives in float64', async () => {
    const network = await Lpips.open(file);
    const [a, b] = [picture(1), picture(2)];
    const distance = await network.distance(a, b);
    expect(distance).toBeGreaterThan(0);
    expect(Math.abs(distance / naiveLpips(a, b) - 1)).toBeLessThan(1e-4);
    expect(await network.distance(a, a)).toBe(0);
    expect(await network.distance(b, a)).toBeCloseTo(distance, 6);
    await network.close();
  });

  it('refuses a file that is not its weights, naming the tensor', async () => {
    const other = path.join(folder, 'other.safetensors');
    await writeSafetensors(
      other,
      tensors.filter(({ name }) => name !== 'lin3.model.1.weight'),
    );
    await expect(Lpips.open(other)).rejects.toThrow(
      'tensor "lin3.model.1.weight": expected [1, 256, 1, 1], found none',
    );
    await expect(addWeights('lpips-alex', other)).rejects.toThrow('lin3');
    await expect(addWeights('lpips-alex', path.join(folder, 'nothing'))).rejects.toThrow('is missing');
  });

  it('is told where the weights are installed, and null where they are not or the picture is too small', async () => {
    const home = process.env.ARROWHEAD_HOME;
    process.env.ARROWHEAD_HOME = path.join(folder, 'home');
    try {
      const [a, b] = [picture(3), picture(4)];
      expect((await compareWithLpips(a, b)).lpips).toBeNull();
      expect(await addWeights('lpips-alex', file)).toBe(weightsFile('lpips-alex'));
      expect((await compareWithLpips(a, b)).lpips).toBeGreaterThan(0);
      expect((await compareWithLpips(picture(3, 63, 80), picture(4, 63, 80))).lpips).toBeNull();
    } finally {
      process.env.ARROWHEAD_HOME = home;
    }
  });
});
