import type { Component } from '../checkpoint/component.ts';
import { pixelsPerLatent, readVaeConfig } from '../vae/vae-config.ts';
import type { VaeDecoder } from '../vae/vae-decoder.ts';
import { normals, type Synthetic, seedOf } from './synthetic-tensors.ts';

/** Stands where a VAE would: every latent becomes one flat square, its colour a fixed mixture of the channels. */
export function syntheticVaeDecoder(component: Component, { seed }: Synthetic): VaeDecoder {
  const config = readVaeConfig(component);
  const { latentChannels } = config;
  const scaleFactor = pixelsPerLatent(config);
  const mixture = normals(3 * latentChannels, { std: 1 / Math.sqrt(latentChannels), seed: seedOf(seed, 'vae') });
  return {
    latentChannels,
    scaleFactor,
    decode: async (latents, h, w) => {
      const [width, height] = [w * scaleFactor, h * scaleFactor];
      const pixels = new Float32Array(3 * height * width);
      for (let colour = 0; colour < 3; colour++) {
        for (let at = 0; at < h * w; at++) {
          let value = 0;
          for (let channel = 0; channel < latentChannels; channel++)
            value += mixture[colour * latentChannels + channel]! * latents[channel * h * w + at]!;
          const [row, column] = [Math.floor(at / w) * scaleFactor, (at % w) * scaleFactor];
          for (let y = 0; y < scaleFactor; y++) {
            const begin = (colour * height + row + y) * width + column;
            pixels.fill(Math.tanh(value), begin, begin + scaleFactor);
          }
        }
      }
      return pixels;
    },
    close: async () => {},
  };
}
