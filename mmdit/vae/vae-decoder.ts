import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { freeMemory as hostFreeMemory } from '../device/host-memory.ts';
import { LazySession } from '../onnx/lazy-session.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import { syntheticVaeDecoder } from '../synthetic/synthetic-vae-decoder.ts';
import { decodeBytes } from './decode-memory.ts';
import { decodeTiles, isTiled, type Tiling, tilingOf } from './tiled-decode.ts';
import { pixelsPerLatent, readVaeConfig, type VaeConfig } from './vae-config.ts';
import { buildVaeDecoderGraph } from './vae-decoder-graph.ts';

/** The whole picture is decoded at once where this share of the free memory is enough for it. */
const MEMORY_SHARE = 0.75;

/** `auto`: whole where memory allows, else in tiles. */
export const DECODE_WAYS = ['auto', 'whole', 'tiled'] as const;
export type DecodeWay = (typeof DECODE_WAYS)[number];

export interface VaeDecoderOptions {
  readonly way?: DecodeWay;
  readonly execution?: OnnxExecution;
  /** Bytes that may still be taken. */
  readonly freeMemory?: () => number;
}

export interface DecodeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Before each tile, where there are several: it is number `tile` of `tiles`. */
  readonly onTile?: ((tile: number, tiles: number) => void) | undefined;
  /** A sentence that the user should read: that a picture comes in tiles for want of memory. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** Latents → pixels. */
export interface VaeDecoder {
  readonly latentChannels: number;
  /** Pixels per latent, on each side. */
  readonly scaleFactor: number;
  /**
   * latents [1, latentChannels, h, w] as the transformer leaves them; scaling and shift are undone here.
   * Returns [3, s·h, s·w] in about [−1, 1]. Throws RangeError, OnnxError, or the signal's reason.
   */
  decode(latents: Float32Array, h: number, w: number, options?: DecodeOptions): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens the `vae` of a diffusers checkpoint: config and tensor shapes, no weights. Throws CheckpointError. */
export async function openVaeDecoder(checkpoint: Checkpoint, options: VaeDecoderOptions = {}): Promise<VaeDecoder> {
  const component = await checkpoint.component('vae');
  if (checkpoint.synthetic) return syntheticVaeDecoder(component, checkpoint.synthetic);
  const config = readVaeConfig(component);
  const placement = { kind: 'VAE', execution: options.execution ?? new OnnxExecution() } as const;
  const session = new LazySession(await buildVaeDecoderGraph(component, config), placement);
  return new AutoencoderKlDecoder(config, session, options);
}

class AutoencoderKlDecoder implements VaeDecoder {
  readonly #config: VaeConfig;
  readonly #session: LazySession;
  readonly #tiling: Tiling;
  readonly #way: DecodeWay;
  readonly #freeMemory: () => number;

  constructor(config: VaeConfig, session: LazySession, { way, freeMemory }: VaeDecoderOptions) {
    this.#config = config;
    this.#session = session;
    this.#tiling = tilingOf(config.sampleSize, this.scaleFactor);
    this.#way = way ?? 'auto';
    this.#freeMemory = freeMemory ?? hostFreeMemory;
  }

  get latentChannels(): number {
    return this.#config.latentChannels;
  }

  get scaleFactor(): number {
    return pixelsPerLatent(this.#config);
  }

  async decode(
    latents: Float32Array,
    h: number,
    w: number,
    { signal, onTile, onNotice }: DecodeOptions = {},
  ): Promise<Float32Array> {
    const { latentChannels: channels, scalingFactor, shiftFactor } = this.#config;
    const expected = channels * h * w;
    if (latents.length !== expected || expected === 0) {
      throw new RangeError(
        `latents [1, ${channels}, ${h}, ${w}] need ${expected} values (more than none), got ${latents.length}`,
      );
    }
    const unscaled = latents.map((value) => value / scalingFactor + shiftFactor);
    if (!this.#needsTiles(h, w, onNotice)) return this.#decodeWhole(unscaled, h, w, signal);
    return decodeTiles({
      ...{ latents: unscaled, channels, h, w, scale: this.scaleFactor, tiling: this.#tiling },
      decode: (tile, rows, columns) => this.#decodeWhole(tile, rows, columns, signal),
      ...(onTile && { onTile }),
    });
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #needsTiles(h: number, w: number, onNotice: DecodeOptions['onNotice']): boolean {
    if (this.#way === 'whole' || !isTiled(this.#tiling, h, w)) return false;
    if (this.#way === 'tiled') return true;
    const [needed, free] = [decodeBytes(this.#config, h, w), this.#freeMemory()];
    if (needed <= MEMORY_SHARE * free) return false;
    onNotice?.(
      `the picture is decoded in tiles, which changes it slightly: whole it needs about ${gibibytes(needed)}, and ${gibibytes(free)} are free`,
    );
    return true;
  }

  async #decodeWhole(data: Float32Array, h: number, w: number, signal: AbortSignal | undefined): Promise<Float32Array> {
    const inputs = { latents: { data, shape: [1, this.#config.latentChannels, h, w] } };
    return (await this.#session.run(inputs, ['image'], signal)).image;
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
