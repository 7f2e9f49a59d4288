/** Feature maps, [channels, height, width]. */
export interface Planes {
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

interface Convolution {
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

/** nn.Conv2d by its definition. weight [outputs, inputs, kernel, kernel]. */
export function convolve(
  x: Planes,
  weight: Float32Array,
  bias: Float32Array,
  { outputs, kernel, stride, pad }: Convolution,
): Planes {
  const size = (length: number) => Math.floor((length + 2 * pad - kernel) / stride) + 1;
  const [width, height] = [size(x.width), size(x.height)];
  const data = new Float64Array(outputs * width * height);
  for (let place = 0; place < data.length; place++) {
    const [out, row, column] = [
      Math.floor(place / (width * height)),
      Math.floor(place / width) % height,
      place % width,
    ];
    let sum = bias[out]!;
    for (let n = 0; n < x.channels * kernel ** 2; n++) {
      const channel = Math.floor(n / kernel ** 2);
      const y = row * stride + (Math.floor(n / kernel) % kernel) - pad;
      const at = column * stride + (n % kernel) - pad;
      if (y < 0 || y >= x.height || at < 0 || at >= x.width) continue;
      sum += x.data[(channel * x.height + y) * x.width + at]! * weight[out * x.channels * kernel ** 2 + n]!;
    }
    data[place] = sum;
  }
  return { channels: outputs, width, height, data };
}

/** nn.MaxPool2d without padding. */
export function maxPool({ channels, width, height, data }: Planes, kernel: number, stride: number): Planes {
  const size = (length: number) => Math.floor((length - kernel) / stride) + 1;
  const [w, h] = [size(width), size(height)];
  const pooled = new Float64Array(channels * w * h);
  for (let place = 0; place < pooled.length; place++) {
    const [channel, row, column] = [Math.floor(place / (w * h)), Math.floor(place / w) % h, place % w];
    let most = Number.NEGATIVE_INFINITY;
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++) {
        most = Math.max(most, data[(channel * height + row * stride + ky) * width + column * stride + kx]!);
      }
    }
    pooled[place] = most;
  }
  return { channels, width: w, height: h, data: pooled };
}
