import type { Component } from '../checkpoint/component.ts';
import { ReadAhead } from '../checkpoint/read-ahead.ts';
import { piecesOf, type TensorSource } from '../checkpoint/tensor-source.ts';
import type { Device } from '../device/device.ts';
import { DeviceMemoryError } from '../device/device-memory-error.ts';
import { countOf } from '../device/shape.ts';
import { type WantedTensor, WeightLoader, type WeightStore } from './weight-loader.ts';

export interface LoadProgress {
  /** Of the checkpoint's bytes; of a synthetic one, those that are made. */
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

type Load<Weights> = (loader: WeightLoader) => Promise<Weights>;

/** Takes every weight and keeps none. */
const NOWHERE: WeightStore = { loadWeight: async () => ({ shape: [] }), release: () => {} };

/**
 * Every tensor that `load` asks for, in order, without reading any. Throws CheckpointError where the checkpoint lacks
 * one, has another shape of it, or holds one more.
 */
export async function planWeights(
  component: Component,
  load: Load<unknown>,
): Promise<ReadonlyMap<string, WantedTensor>> {
  const loader = new WeightLoader(component, NOWHERE);
  await load(loader);
  return loader.wanted;
}

/**
 * Loads onto a device what `load` asks for. It is asked twice: first what it wants, so that nothing is read of a
 * checkpoint that is not whole or does not fit, and files can be read ahead of conversion and upload. Throws
 * CheckpointError, DeviceMemoryError, or the signal's reason.
 */
export async function loadWeights<Weights>(
  component: Component,
  device: Device,
  load: Load<Weights>,
  options: LoadOptions = {},
): Promise<Weights> {
  const wanted = await planWeights(component, load);
  requireWeightMemory(device, component.folder, wanted);
  const sources = [...wanted.values()].filter(({ use }) => use !== 'table').map(({ source }) => source);
  const stored = component.synthetic ? null : new ReadAhead(sources, options);
  const delivery = new Delivery(device, sources, stored, options);
  try {
    return await load(new WeightLoader(component, delivery));
  } finally {
    stored?.close();
  }
}

/** Throws DeviceMemoryError for weights that do not fit into what is free. */
function requireWeightMemory(
  { info, freeBytes, bytesPerWeight }: Device,
  folder: string,
  wanted: ReadonlyMap<string, WantedTensor>,
): void {
  let needed = 0;
  for (const { shape, use } of wanted.values()) needed += countOf(shape) * bytesPerWeight[use];
  if (needed > freeBytes) throw new DeviceMemoryError(info, folder, needed, freeBytes);
}

/** Hands a device its weights from the files' reader, and says how far that is. */
class Delivery implements WeightStore {
  readonly #device: WeightStore;
  readonly #stored: ReadAhead | null;
  readonly #options: LoadOptions;
  readonly #totalBytes: number;
  #bytes = 0;

  constructor(device: WeightStore, sources: readonly TensorSource[], stored: ReadAhead | null, options: LoadOptions) {
    this.#device = device;
    this.#stored = stored;
    this.#options = options;
    this.#totalBytes = sources.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  loadWeight: Device['loadWeight'] = async (sources, use) => {
    this.#options.signal?.throwIfAborted();
    const before = this.#bytes;
    const tensor = await this.#device.loadWeight(
      sources.map((source) => ({ ...source, pieces: () => this.#pieces(source) })),
      use,
    );
    // A device that makes random weights itself asks for no pieces.
    this.#report(before + sources.reduce((sum, { byteLength }) => sum + byteLength, 0));
    return tensor;
  };

  release: Device['release'] = (...tensors) => this.#device.release(...tensors);

  async *#pieces(source: TensorSource): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#stored?.take(source) ?? piecesOf(source)) {
      this.#options.signal?.throwIfAborted();
      yield piece;
      this.#report(this.#bytes + piece.byteLength);
    }
  }

  #report(bytes: number): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#options.onProgress?.({ bytes, totalBytes: this.#totalBytes });
  }
}
