import { type LpipsNetwork, parametersOf } from '../../../../calibration/metrics/lpips/networks.ts';
import { SafetensorsFile } from '../../../../mmdit/checkpoint/safetensors-file.ts';
import type { TensorToWrite } from '../../../../mmdit/checkpoint/safetensors-writer.ts';
import { type RgbImage, readFloats } from '../../../../mmdit/index.ts';
import { MersenneTwister } from '../../../../mmdit/random/mersenne-twister.ts';
import { uniform } from '../../../fixtures/synthetic-rse.ts';
import { floatData, type TorchTensorToWrite } from '../../../mmdit/checkpoint/torch/torch-writer.ts';
import type { NamedWeights } from './naive-lpips.ts';

/** [name in torchvision, outputs, inputs, kernel] of every convolution, and the channels that each head weighs. */
const SHAPES: Readonly<Record<LpipsNetwork, { convolutions: [string, number, number, number][]; heads: number[] }>> = {
  alex: {
    convolutions: [
      ['0', 64, 3, 11],
      ['3', 192, 64, 5],
      ['6', 384, 192, 3],
      ['8', 256, 384, 3],
      ['10', 256, 256, 3],
    ],
    heads: [64, 192, 384, 256, 256],
  },
  vgg: {
    convolutions: [
      ['0', 64, 3, 3],
      ['2', 64, 64, 3],
      ['5', 128, 64, 3],
      ['7', 128, 128, 3],
      ['10', 256, 128, 3],
      ['12', 256, 256, 3],
      ['14', 256, 256, 3],
      ['17', 512, 256, 3],
      ['19', 512, 512, 3],
      ['21', 512, 512, 3],
      ['24', 512, 512, 3],
      ['26', 512, 512, 3],
      ['28', 512, 512, 3],
    ],
    heads: [64, 128, 256, 512, 512],
  },
  squeeze: {
    convolutions: [
      ['0', 64, 3, 3],
      ...fire(3, 64, 16, 64),
      ...fire(4, 128, 16, 64),
      ...fire(6, 128, 32, 128),
      ...fire(7, 256, 32, 128),
      ...fire(9, 256, 48, 192),
      ...fire(10, 384, 48, 192),
      ...fire(11, 384, 64, 256),
      ...fire(12, 512, 64, 256),
    ],
    heads: [64, 128, 256, 384, 384, 512, 512],
  },
};

function fire(index: number, inputs: number, middle: number, outputs: number): [string, number, number, number][] {
  return [
    [`${index}.squeeze`, middle, inputs, 1],
    [`${index}.expand1x1`, outputs, middle, 1],
    [`${index}.expand3x3`, outputs, middle, 3],
  ];
}

/** Random weights of a network's shapes, large enough at every stage for signals to survive. */
export function randomWeights(network: LpipsNetwork, seed = 11): NamedWeights {
  const random = uniform(seed);
  const floats = (count: number, size: number) => Float32Array.from({ length: count }, () => (random() - 0.4) * size);
  const { convolutions, heads } = SHAPES[network];
  return new Map([
    ...convolutions.flatMap(([name, outputs, inputs, kernel]) => {
      const fan = inputs * kernel ** 2;
      const weight = { shape: [outputs, inputs, kernel, kernel], data: floats(outputs * fan, 3 / Math.sqrt(fan)) };
      const bias = { shape: [outputs], data: floats(outputs, 0.1) };
      return [[`features.${name}.weight`, weight] as const, [`features.${name}.bias`, bias] as const];
    }),
    ...heads.map((channels, n) => {
      const head = { shape: [1, channels, 1, 1], data: floats(channels, 1).map(Math.abs) };
      return [`lin${n}.model.1.weight`, head] as const;
    }),
  ]);
}

/**
 * The AlexNet that the stand-in's values were computed with, by its recipe: torch.manual_seed(7), PyTorch's own
 * initialisation, weights rounded to float16. Below them the published linear heads.
 */
export async function alexStandIn(): Promise<NamedWeights> {
  const generator = new MersenneTwister(7n);
  // torch.Tensor.uniform_: 24 bits, one fused multiply-add, each bound in float32.
  const floats = (count: number, bound: number) => {
    const [from, width] = [Math.fround(-bound), Math.fround(Math.fround(bound) - Math.fround(-bound))];
    return Float32Array.from({ length: count }, () => ((generator.nextUint32() & 0xffffff) / 2 ** 24) * width + from);
  };
  const weights = new Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>(
    SHAPES.alex.convolutions.flatMap(([name, outputs, inputs, kernel]) => {
      const fan = inputs * kernel ** 2;
      const bound = Math.sqrt(3) * (Math.sqrt(2 / 6) / Math.sqrt(fan));
      const weight = { shape: [outputs, inputs, kernel, kernel], data: floats(outputs * fan, bound).map(toHalf) };
      const bias = { shape: [outputs], data: floats(outputs, 1 / Math.sqrt(fan)) };
      return [[`features.${name}.weight`, weight] as const, [`features.${name}.bias`, bias] as const];
    }),
  );
  const heads = await SafetensorsFile.open('test/golden/lpips-alex-standin/linear-heads.safetensors');
  for (const name of heads.names) {
    const source = heads.tensor(name);
    weights.set(name, { shape: source.shape, data: await readFloats(source) });
  }
  return weights;
}

/** To the nearest float16, of two the even one. */
function toHalf(value: number): number {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 10);
  const [steps, below] = [value / step, Math.floor(value / step)];
  const up = steps - below === 0.5 ? below % 2 !== 0 : steps - below > 0.5;
  return step * (up ? below + 1 : below);
}

/** As LPIPS's own state dict names them, for a safetensors file. */
export function asLpips(network: LpipsNetwork, weights: NamedWeights): TensorToWrite[] {
  return parametersOf(network).map(({ name }) => {
    const { shape, data } = weights.get(name.replace(/^net\.slice\d+/, 'features'))!;
    return { name, dtype: 'F32', shape, data };
  });
}

/** As their authors publish them: torchvision's backbone, with a layer that LPIPS has no use for, and the linear heads. */
export function asPublished(weights: NamedWeights): { backbone: TorchTensorToWrite[]; heads: TorchTensorToWrite[] } {
  const tensors = [...weights].map(([name, { shape, data }]) => ({ name, shape, data: floatData(data) }));
  const classifier = { name: 'classifier.1.weight', shape: [2, 2], data: floatData([1, 2, 3, 4]) };
  return {
    backbone: [...tensors.filter(({ name }) => name.startsWith('features')), classifier],
    heads: tensors.filter(({ name }) => name.startsWith('lin')),
  };
}

export function picture(seed: number, width: number, height: number): RgbImage {
  const next = uniform(seed);
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => next() * 256) };
}
