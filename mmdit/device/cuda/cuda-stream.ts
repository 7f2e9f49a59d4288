import { CUDA_DTYPE_BYTES, type CudaContext, type CudaDtype, type CudaPlace } from '../../../native-kernels/index.ts';
import type { Shape } from '../device.ts';
import { countOf, requireLengths } from '../shape.ts';
import { CudaFailure } from './cuda-failure.ts';
import { CudaBuffer, CudaTensor, type Quantised } from './cuda-tensor.ts';
import type { KeptMatmulChoices } from './matmul-choices.ts';

type NormedQuantised = Quantised & { readonly norms: CudaTensor };

/** One card's stream: whatever is enqueued runs in order, and is skipped once something failed, until `finish`. */
export class CudaStream {
  readonly context: CudaContext;
  readonly #card: string;
  readonly #choices: KeptMatmulChoices;
  readonly #failure = new CudaFailure();

  /** `card`: as errors name it. */
  constructor(context: CudaContext, card: string, choices: KeptMatmulChoices) {
    this.context = context;
    this.#card = card;
    this.#choices = choices;
  }

  /** Enqueues, unless something failed since the last `finish`. */
  run<T>(enqueue: () => T): T | undefined {
    return this.#failure.guard(this.#card, enqueue);
  }

  /** Enqueues something with an answer. The promise may be dropped: `finish` reports a failure in any case. */
  ask<T>(enqueue: () => Promise<T>): Promise<T> {
    this.run(() => this.#choices.keep(this.context));
    const answer = this.run(enqueue)?.catch((error: unknown) => {
      this.#failure.note(error);
      throw error;
    });
    const result = answer ?? Promise.reject(this.#failure.reason);
    result.catch(() => {});
    return result;
  }

  /** Resolves when everything enqueued has run. Throws the first thing that failed since the last call. */
  async finish(): Promise<void> {
    try {
      await this.context.finish();
    } catch (error) {
      this.#failure.note(error);
    }
    this.#failure.clear();
  }

  /** What is enqueued from here on is skipped until `finish`, which throws `reason`. */
  abort(reason: unknown): void {
    this.#failure.note(reason);
  }

  throwIfFailed(): void {
    this.#failure.throwIfAny();
  }

  allocate(shape: Shape, dtype: CudaDtype): CudaTensor {
    requireLengths('allocate', shape);
    const bytes = countOf(shape) * CUDA_DTYPE_BYTES[dtype];
    // After a failure nothing runs, and a tensor needs no memory.
    const memory = this.run(() => this.context.allocate(bytes)) ?? 0;
    return new CudaTensor(new CudaBuffer(this.context, memory), dtype, shape);
  }

  upload(bytes: Uint8Array, to: CudaPlace): void {
    this.run(() => this.context.upload({ to, bytes }));
  }

  /** Between any of f32, f16 and bf16. */
  convert(from: CudaTensor, to: CudaTensor): void {
    const { count } = to;
    this.run(() =>
      this.context.convert({
        ...{ from: from.place, fromDtype: from.dtypeCode, to: to.place, toDtype: to.dtypeCode, count },
      }),
    );
  }

  copyRows(from: CudaTensor, to: CudaTensor): void {
    const { rowCount: rows, width } = from;
    const elementBytes = CUDA_DTYPE_BYTES[from.dtype];
    this.run(() => this.context.copyRows({ from: from.rows, to: to.rows, rows, width, elementBytes }));
  }

  /** A tensor whose values exist in fp8 alone. */
  inFp8(shape: Shape, quantised: Quantised): CudaTensor {
    const tensor = new CudaTensor(new CudaBuffer(this.context, 0), 'bf16', shape);
    tensor.quantised = quantised;
    return tensor;
  }

  /** As e4m3 with a scale and a norm per row. */
  quantise(x: CudaTensor): NormedQuantised {
    const { rowCount: rows, width: channels, dtypeCode: dtype } = x;
    const quantised = this.allocateQuantised(rows, channels);
    const { values, scales, norms } = quantised;
    this.run(() =>
      this.context.quantizeRows({
        ...{ x: x.rows, rows, channels, dtype, out: values.place, rowScales: scales.place, rowNorms: norms.place },
      }),
    );
    return quantised;
  }

  allocateQuantised(rows: number, channels: number): NormedQuantised {
    const perRow = () => this.allocate([rows], 'f32');
    return { values: this.allocate([rows, channels], 'e4m3'), scales: perRow(), norms: perRow() };
  }
}
