/** Latents [batch, channels, h, w] → [batch, h/p · w/p, channels·p·p], as a p×p convolution of stride p reads them. */
export function toPatches(latents: Float32Array, channels: number, h: number, w: number, p: number): Float32Array {
  const patches = new Float32Array(latents.length);
  forEach(latents.length, channels, h, w, p, (plain, token, y, x, c) => {
    patches[token * channels * p * p + (c * p + y) * p + x] = latents[plain]!;
  });
  return patches;
}

/** The model's output, [batch, tokens, p·p·channels] with channels innermost → [batch, channels, h, w]. */
export function fromPatches(patches: Float32Array, channels: number, h: number, w: number, p: number): Float32Array {
  const latents = new Float32Array(patches.length);
  forEach(patches.length, channels, h, w, p, (plain, token, y, x, c) => {
    latents[plain] = patches[token * channels * p * p + (y * p + x) * channels + c]!;
  });
  return latents;
}

function forEach(
  length: number,
  channels: number,
  h: number,
  w: number,
  p: number,
  visit: (plain: number, token: number, y: number, x: number, channel: number) => void,
): void {
  const columns = w / p;
  const tokens = (h / p) * columns;
  for (let plain = 0; plain < length; plain++) {
    const column = plain % w;
    const row = Math.floor(plain / w) % h;
    const plane = Math.floor(plain / (w * h));
    const token = Math.floor(plane / channels) * tokens + Math.floor(row / p) * columns + Math.floor(column / p);
    visit(plain, token, row % p, column % p, plane % channels);
  }
}
