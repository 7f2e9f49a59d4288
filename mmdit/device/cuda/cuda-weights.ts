import { CUDA_DTYPE_BYTES, type CudaDtype, type CudaPlace, type CudaRows } from '../../../native-kernels/index.ts';
import { piecesOf, type StoredDtype, type TensorSource } from '../../checkpoint/tensor-source.ts';
import type { WeightUse } from '../device.ts';
import { countOf } from '../shape.ts';
import { stackedShape } from '../stacked-shape.ts';
import type { CudaStream } from './cuda-stream.ts';
import { CudaBuffer, CudaTensor } from './cuda-tensor.ts';
import { WeightOffload } from './weight-offload.ts';

const STORED: Readonly<Record<StoredDtype, CudaDtype>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' };
/** What cuBLASLt's fp8 products want every width to be a multiple of. */
const FP8_MULTIPLE = 16;

/** How projections are kept; everything else is bf16 on the card. */
export interface WeightChoice {
  readonly projections: 'bf16' | 'fp8';
  /** In the host's memory, brought to the card shortly before use. */
  readonly offload: boolean;
}

/** Loads weights onto a card, and finds them again when they are multiplied. */
export class CudaWeights {
  readonly #stream: CudaStream;
  readonly #choice: WeightChoice;
  readonly #offload: WeightOffload;
  /** Whether a projection was kept in bf16, since fp8 products cannot take its widths. */
  #hasUnquantised = false;

  constructor(stream: CudaStream, choice: WeightChoice) {
    this.#stream = stream;
    this.#choice = choice;
    this.#offload = new WeightOffload(stream.context, (bytes) => stream.allocate([bytes], 'e4m3'));
  }

  /** The sources stacked along axis 0. */
  async load(sources: readonly TensorSource[], use: WeightUse): Promise<CudaTensor> {
    const shape = stackedShape(sources);
    const weight = this.#stream.allocate(shape, 'bf16');
    const width = countOf(shape.slice(1));
    try {
      let row = 0;
      for (const source of sources) {
        const part = weight.view(source.shape, row * width);
        await this.#fill(part, source).finally(() => part.release());
        row += source.shape[0] ?? 1;
      }
      this.#stream.throwIfFailed();
    } catch (error) {
      weight.release();
      throw error;
    }
    if (use === 'exact') return weight;
    const stored = this.#choice.projections === 'fp8' ? this.#quantised(weight) : weight;
    if (!this.#choice.offload) return stored;
    if (stored.quantised) stored.quantised = { ...stored.quantised, values: this.#offloaded(stored.quantised.values) };
    this.#stream.throwIfFailed();
    return stored.quantised ? stored : this.#offloaded(stored);
  }

  /** Enqueues `multiply` with a weight's columns from `column` on, wherever they live. */
  with(weight: CudaTensor, column: number, multiply: (rows: CudaRows) => void): void {
    const offset = column * CUDA_DTYPE_BYTES[weight.dtype];
    const { host, stride } = weight;
    this.#stream.run(() => {
      if (host) this.#offload.with(host, (place) => multiply({ ...place, offset: place.offset + offset, stride }));
      else multiply({ ...weight.rows, offset: weight.place.offset + offset });
    });
  }

  /** Whether whatever projection gets an input of this width multiplies it in fp8. */
  areQuantised(width: number): boolean {
    return this.#choice.projections === 'fp8' && width % FP8_MULTIPLE === 0 && !this.#hasUnquantised;
  }

  /** Before a tensor goes: what of it lives in the host's memory goes too. */
  forget(tensor: CudaTensor): void {
    for (const { host } of [tensor, ...(tensor.quantised ? [tensor.quantised.values] : [])])
      if (host) this.#offload.forget(host);
  }

  close(): void {
    this.#offload.close();
  }

  async #fill(weight: CudaTensor, source: TensorSource): Promise<void> {
    const stream = this.#stream;
    if (source.random) {
      const { place: out, count, dtypeCode: dtype } = weight;
      const { random } = source;
      stream.run(() => stream.context.fillNormal({ out, count, dtype, ...random }));
      return;
    }
    if (STORED[source.dtype] === weight.dtype) return this.#upload(source, weight.place);
    const stored = stream.allocate(source.shape, STORED[source.dtype]);
    try {
      await this.#upload(source, stored.place);
      stream.convert(stored, weight);
    } finally {
      stored.release();
    }
  }

  async #upload(source: TensorSource, { memory, offset }: CudaPlace): Promise<void> {
    let done = 0;
    for await (const piece of piecesOf(source)) {
      this.#stream.upload(piece, { memory, offset: offset + done });
      done += piece.byteLength;
    }
  }

  /** Moves a weight to the host's memory. */
  #offloaded(weight: CudaTensor): CudaTensor {
    const shell = new CudaTensor(new CudaBuffer(this.#stream.context, 0), weight.dtype, weight.shape);
    const bytes = weight.count * CUDA_DTYPE_BYTES[weight.dtype];
    shell.host = this.#stream.run(() => this.#offload.keep(weight, bytes)) ?? null;
    weight.release();
    return shell;
  }

  /** Replaces a weight's bf16 values by fp8 where cuBLASLt can multiply its widths. */
  #quantised(weight: CudaTensor): CudaTensor {
    const [columns = 0, inner = 0] = weight.shape;
    if (weight.shape.length !== 2 || columns % FP8_MULTIPLE !== 0 || inner % FP8_MULTIPLE !== 0) {
      this.#hasUnquantised = true;
      return weight;
    }
    const quantised = this.#stream.inFp8(weight.shape, this.#stream.quantise(weight));
    weight.release();
    return quantised;
  }
}
