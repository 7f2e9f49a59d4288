import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { LazySession } from '../onnx/lazy-session.ts';
import { syntheticVaeDecoder } from '../synthetic/synthetic-vae-decoder.ts';
import { readVaeConfig, type VaeConfig } from './vae-config.ts';
import { buildVaeDecoderGraph } from './vae-decoder-graph.ts';

/** Latents → pixels. */
export interface VaeDecoder {
  readonly latentChannels: number;
  /** Pixels per latent, on each side. */
  readonly scaleFactor: number;
  /**
   * latents [1, latentChannels, h, w] as the transformer leaves them; scaling and shift are undone here.
   * Returns [3, s·h, s·w] in about [−1, 1]. Throws RangeError, OnnxError, or the signal's reason.
   */
  decode(latents: Float32Array, h: number, w: number, signal?: AbortSignal): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens the `vae` of a diffusers checkpoint: config and tensor shapes, no weights. Throws CheckpointError. */
export async function openVaeDecoder(checkpoint: Checkpoint): Promise<VaeDecoder> {
  const component = await checkpoint.component('vae');
  if (checkpoint.synthetic) return syntheticVaeDecoder(component, checkpoint.synthetic);
  const config = readVaeConfig(component);
  return new AutoencoderKlDecoder(config, new LazySession(await buildVaeDecoderGraph(component, config)));
}

class AutoencoderKlDecoder implements VaeDecoder {
  readonly #config: VaeConfig;
  readonly #session: LazySession;

  constructor(config: VaeConfig, session: LazySession) {
    this.#config = config;
    this.#session = session;
  }

  get latentChannels(): number {
    return this.#config.latentChannels;
  }

  get scaleFactor(): number {
    return 2 ** (this.#config.blockChannels.length - 1);
  }

  async decode(latents: Float32Array, h: number, w: number, signal?: AbortSignal): Promise<Float32Array> {
    const { latentChannels, scalingFactor, shiftFactor } = this.#config;
    const expected = latentChannels * h * w;
    if (latents.length !== expected || expected === 0) {
      throw new RangeError(
        `latents [1, ${latentChannels}, ${h}, ${w}] need ${expected} values (more than none), got ${latents.length}`,
      );
    }
    const unscaled = latents.map((value) => value / scalingFactor + shiftFactor);
    const inputs = { latents: { data: unscaled, shape: [1, latentChannels, h, w] } };
    return (await this.#session.run(inputs, ['image'], signal)).image;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
