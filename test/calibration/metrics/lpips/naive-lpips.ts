import type { LpipsNetwork } from '../../../../calibration/metrics/lpips/networks.ts';
import type { RgbImage } from '../../../../mmdit/index.ts';
import { concatenate, convolve, maxPool, type Planes, relu } from './naive-layers.ts';

/** Tensors with the names of torchvision's state dicts and of LPIPS's linear heads. */
export type NamedWeights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

type Features = (weights: NamedWeights, x: Planes) => Planes;

const convolution =
  (index: number, stride = 1, pad = 0): Features =>
  (weights, x) =>
    relu(convolveWith(weights, `features.${index}`, x, stride, pad));
const pool =
  (kernel: number, ceil = false): Features =>
  (_, x) =>
    maxPool(x, kernel, ceil);
const fire =
  (index: number): Features =>
  (weights, x) => {
    const squeezed = relu(convolveWith(weights, `features.${index}.squeeze`, x, 1, 0));
    const one = relu(convolveWith(weights, `features.${index}.expand1x1`, squeezed, 1, 0));
    return concatenate(one, relu(convolveWith(weights, `features.${index}.expand3x3`, squeezed, 1, 1)));
  };
const vgg = (...indices: number[]) => indices.map((index) => convolution(index, 1, 1));

/** What LPIPS compares: the output of each of these, one after the other. As torchvision defines the networks. */
const SLICES: Readonly<Record<LpipsNetwork, readonly (readonly Features[])[]>> = {
  alex: [
    [convolution(0, 4, 2)],
    [pool(3), convolution(3, 1, 2)],
    [pool(3), convolution(6, 1, 1)],
    [convolution(8, 1, 1)],
    [convolution(10, 1, 1)],
  ],
  vgg: [
    vgg(0, 2),
    [pool(2), ...vgg(5, 7)],
    [pool(2), ...vgg(10, 12, 14)],
    [pool(2), ...vgg(17, 19, 21)],
    [pool(2), ...vgg(24, 26, 28)],
  ],
  squeeze: [
    [convolution(0, 2)],
    [pool(3, true), fire(3), fire(4)],
    [pool(3, true), fire(6), fire(7)],
    [pool(3, true), fire(9)],
    [fire(10)],
    [fire(11)],
    [fire(12)],
  ],
};

/** LPIPS in float64, written down from the paper: features of unit length, squared differences, weighed and averaged. */
export function naiveLpips(
  network: LpipsNetwork,
  weights: NamedWeights,
  [a, b]: readonly [RgbImage, RgbImage],
  least: -1 | 0,
): number {
  let [x, y] = [input(a, least), input(b, least)];
  return SLICES[network].reduce((distance, slice, n) => {
    [x, y] = [x, y].map((planes) => slice.reduce((now, layer) => layer(weights, now), planes)) as [Planes, Planes];
    return distance + meanDifference(x, y, weights.get(`lin${n}.model.1.weight`)!.data);
  }, 0);
}

function meanDifference(x: Planes, y: Planes, linear: Float32Array): number {
  const count = x.width * x.height;
  const length = ({ data }: Planes, at: number) =>
    Math.sqrt(1e-8 + linear.reduce((sum, _, channel) => sum + data[channel * count + at]! ** 2, 0));
  let sum = 0;
  for (let at = 0; at < count; at++) {
    const [lengthX, lengthY] = [length(x, at), length(y, at)];
    for (const [channel, weight] of linear.entries()) {
      const place = channel * count + at;
      sum += weight * (x.data[place]! / lengthX - y.data[place]! / lengthY) ** 2;
    }
  }
  return sum / count;
}

function convolveWith(weights: NamedWeights, name: string, x: Planes, stride: number, pad: number): Planes {
  const { shape, data } = weights.get(`${name}.weight`)!;
  const [outputs = 0, , kernel = 0] = shape;
  return convolve(x, data, weights.get(`${name}.bias`)!.data, { outputs, kernel, stride, pad });
}

/** Bytes to [least, 1], then by ImageNet's statistics. */
function input({ width, height, pixels }: RgbImage, least: -1 | 0): Planes {
  const [shift, scale] = [
    [-0.03, -0.088, -0.188],
    [0.458, 0.448, 0.45],
  ];
  const data = Float64Array.from({ length: pixels.length }, (_, at) => {
    const channel = Math.floor(at / (width * height));
    const value = least + (pixels[(at % (width * height)) * 3 + channel]! / 255) * (1 - least);
    return (value - shift![channel]!) / scale![channel]!;
  });
  return { channels: 3, width, height, data };
}
