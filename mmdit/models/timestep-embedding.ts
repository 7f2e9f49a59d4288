const CHANNELS = 256;
const MAX_PERIOD = 10_000;

/**
 * Sinusoidal embedding of diffusion times, cosines first: [B] → [B, 256]. In float32 where diffusers' `Timesteps(256,
 * flip_sin_to_cos=True, downscale_freq_shift=0)` is: at times near 1000 the rounding of the angle shows in the sine.
 */
export function timestepEmbedding(times: Float32Array): Float32Array {
  const half = CHANNELS / 2;
  const embedding = new Float32Array(times.length * CHANNELS);
  for (let i = 0; i < half; i++) {
    const exponent = Math.fround(Math.fround(Math.fround(-Math.log(MAX_PERIOD)) * i) / half);
    const frequency = Math.fround(Math.exp(exponent));
    times.forEach((time, b) => {
      const angle = Math.fround(time * frequency);
      embedding[b * CHANNELS + i] = Math.cos(angle);
      embedding[b * CHANNELS + half + i] = Math.sin(angle);
    });
  }
  return embedding;
}

timestepEmbedding.channels = CHANNELS;
