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
  for (let out = 0; out < outputs; out++) {
    const place = out * width * height;
    data.fill(bias[out]!, place, place + width * height);
    for (let n = 0; n < x.channels * kernel ** 2; n++) {
      const factor = weight[out * x.channels * kernel ** 2 + n]!;
      const channel = Math.floor(n / kernel ** 2);
      const [down, right] = [(Math.floor(n / kernel) % kernel) - pad, (n % kernel) - pad];
      for (let row = 0; row < height; row++) {
        const y = row * stride + down;
        if (y < 0 || y >= x.height) continue;
        const from = (channel * x.height + y) * x.width + right;
        for (let column = 0; column < width; column++) {
          const at = column * stride + right;
          if (at >= 0 && at < x.width) data[place + row * width + column]! += factor * x.data[from + column * stride]!;
        }
      }
    }
  }
  return { channels: outputs, width, height, data };
}

export function relu(x: Planes): Planes {
  return { ...x, data: x.data.map((value) => Math.max(0, value)) };
}

/** nn.MaxPool2d with stride 2, without padding. With `ceil` the last window may reach over the edge. */
export function maxPool({ channels, width, height, data }: Planes, kernel: number, ceil: boolean): Planes {
  const size = (length: number) => (ceil ? Math.ceil : Math.floor)((length - kernel) / 2) + 1;
  const [w, h] = [size(width), size(height)];
  const pooled = new Float64Array(channels * w * h);
  for (let place = 0; place < pooled.length; place++) {
    const [channel, row, column] = [Math.floor(place / (w * h)), Math.floor(place / w) % h, place % w];
    let most = Number.NEGATIVE_INFINITY;
    for (let y = row * 2; y < Math.min(height, row * 2 + kernel); y++) {
      for (let x = column * 2; x < Math.min(width, column * 2 + kernel); x++) {
        most = Math.max(most, data[(channel * height + y) * width + x]!);
      }
    }
    pooled[place] = most;
  }
  return { channels, width: w, height: h, data: pooled };
}

/** One behind the other along the channels. */
export function concatenate(a: Planes, b: Planes): Planes {
  return { ...a, channels: a.channels + b.channels, data: Float64Array.of(...a.data, ...b.data) };
}
