import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Element types as the binary counts them. */
export const CUDA_DTYPES = { f32: 0, f16: 1, bf16: 2, e4m3: 3 } as const;
export type CudaDtype = keyof typeof CUDA_DTYPES;
export const CUDA_DTYPE_BYTES: Readonly<Record<CudaDtype, number>> = { f32: 4, f16: 2, bf16: 2, e4m3: 1 };

export interface CudaCard {
  readonly index: number;
  readonly name: string;
  /** Compute capability. */
  readonly major: number;
  readonly minor: number;
  readonly multiprocessors: number;
  readonly memoryBytes: number;
}

/** A place in a card's memory: the number that `allocate` gave, and bytes from its start. */
export interface CudaPlace {
  readonly memory: number;
  readonly offset: number;
}

/** Rows `stride` elements apart. */
export interface CudaRows extends CudaPlace {
  readonly stride: number;
}

/** [batch, tokens, heads, dim] with tokens `tokenStride` elements apart. */
export interface CudaHeads extends CudaPlace {
  readonly tokenStride: number;
}

export type MatmulChoices = Readonly<Record<string, number>>;

export interface CudaMemory {
  readonly totalBytes: number;
  /** What could still be allocated, the pool's own reserve among it. */
  readonly freeBytes: number;
  readonly usedBytes: number;
  /** The most that was in use at once. */
  readonly peakBytes: number;
}

export interface CudaAttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly dim: number;
  readonly text: number;
  readonly image: number;
  readonly textFirst: boolean;
  readonly scale: number;
  readonly dtype: number;
}

/** Rows of q, k and v side by side, [rows, 3 · heads · dim]. */
export interface CudaQkvPart {
  readonly x: CudaRows;
  readonly weight: CudaRows;
  readonly bias: CudaPlace | null;
  readonly out: CudaRows;
  readonly rows: number;
  /** RMS norms, [dim]. */
  readonly normQ: CudaPlace | null;
  readonly normK: CudaPlace | null;
  /** [rows, dim / 2, 2], float32: cosine and sine. */
  readonly rope: CudaPlace | null;
  /** For e4m3: a scale per row of x and of weight. */
  readonly xScales: CudaPlace | null;
  readonly weightScales: CudaPlace | null;
  /** [heads], not 0 where a head's columns are read; null: all. */
  readonly needed: Uint8Array | null;
}

/**
 * One card with its stream. Calls enqueue and return; arguments are checked against the sizes of their memories, so
 * that no call reaches past them. Errors have `code` CUDA_OUT_OF_MEMORY, CUDA_ERROR or CUBLAS_ERROR.
 */
export interface CudaContext {
  allocate(bytes: number): number;
  release(memory: number): void;
  memory(): CudaMemory;
  /** Which of cuBLASLt's algorithms each large product uses, by its shapes, −1 for our own kernel: timed the first time. */
  matmulChoices(): MatmulChoices;
  upload(args: { to: CudaPlace; bytes: Uint8Array }): void;
  download(args: { from: CudaPlace; count: number }): Promise<ArrayBuffer>;
  /** Copies into page-locked memory of the host, which gets a number; waits for the copy. */
  keepOnHost(args: { from: CudaPlace; count: number }): number;
  releaseHost(host: number): void;
  /** Brings a host memory into a slot on the card, on a stream of its own, once the slot's last reader is done. */
  stage(args: { host: number; to: CudaPlace; slot: number }): void;
  /** What is enqueued from here on sees what was staged in the slot. */
  awaitSlot(args: { slot: number }): void;
  /** After the last op that reads the slot. */
  leaveSlot(args: { slot: number }): void;
  /** Resolves when everything enqueued has run; rejects where the card failed. */
  finish(): Promise<unknown>;
  close(): void;
  /**
   * out (+)= activation(x · weightᵀ + bias); e4m3 with a scale per row of x and of weight. `rest` holds x's columns from
   * `split` on, where these lie apart.
   */
  linear(args: {
    x: CudaRows;
    rest?: CudaRows;
    split?: number;
    weight: CudaRows;
    bias: CudaPlace | null;
    out: CudaRows;
    rows: number;
    inner: number;
    columns: number;
    dtype: number;
    outDtype: number;
    gelu: boolean;
    accumulate: boolean;
    xScales?: CudaPlace;
    weightScales?: CudaPlace;
    /** For an e4m3 out, of e4m3 with gelu: Euclidean norms of rows, and where out's scales go. */
    xNorms?: CudaPlace;
    weightNorms?: CudaPlace;
    outScales?: CudaPlace;
  }): void;
  activation(args: { x: CudaRows; out: CudaRows; rows: number; channels: number; kind: number; dtype: number }): void;
  /** With `added` and `gate`, x becomes x + gate ⊙ added first. With `rowScales`, out is e4m3 and gets a scale and a norm per row. */
  layerNormModulate(args: {
    x: CudaRows;
    rowScales: CudaPlace | null;
    rowNorms?: CudaPlace;
    added: CudaRows | null;
    gate: CudaRows | null;
    shift: CudaRows;
    scale: CudaRows;
    out: CudaRows;
    batch: number;
    tokens: number;
    channels: number;
    eps: number;
    dtype: number;
  }): void;
  gatedResidual(args: {
    residual: CudaRows;
    x: CudaRows;
    gate: CudaRows;
    batch: number;
    tokens: number;
    channels: number;
    dtype: number;
  }): void;
  addInPlace(args: { a: CudaPlace; b: CudaPlace; count: number; dtype: number }): void;
  /** Products of streams and samples with their norms and rotary embedding, in one launch where the card can. */
  projectQkv(args: {
    parts: readonly CudaQkvPart[];
    inner: number;
    heads: number;
    dim: number;
    dtype: number;
    outDtype: number;
    eps: number;
  }): void;
  copyRows(args: { from: CudaRows; to: CudaRows; rows: number; width: number; elementBytes: number }): void;
  convert(args: { from: CudaPlace; fromDtype: number; to: CudaPlace; toDtype: number; count: number }): void;
  quantizeRows(args: {
    x: CudaRows;
    rows: number;
    channels: number;
    dtype: number;
    out: CudaPlace;
    rowScales: CudaPlace;
    /** Euclidean. */
    rowNorms: CudaPlace;
  }): void;
  fillNormal(args: { out: CudaPlace; count: number; dtype: number; std: number; seed: number }): void;
  headwiseAttention(
    args: CudaAttentionShape & {
      q: CudaHeads;
      k: CudaHeads;
      v: CudaHeads;
      out: CudaHeads;
      halfWindows: Int32Array;
      sharesGuidance: Uint8Array | null;
      /** At most `maxAddends`. */
      addends: readonly CudaHeads[];
      addendOf: Int32Array | null;
      subtract: boolean;
    },
  ): void;
  /**
   * Float64 [heads][2 + 2 · candidates + references]: sum, sum of squares; squared errors of each candidate, of each with
   * its residual (0 without one), of each reference.
   */
  measureAttention(
    args: CudaAttentionShape & {
      q: CudaHeads;
      k: CudaHeads;
      v: CudaHeads;
      halfWindows: Int32Array;
      residuals: readonly (CudaHeads | null)[];
      /** At most `maxReferences`. */
      references: readonly CudaHeads[];
    },
  ): Promise<ArrayBuffer>;
  /** Float64 [maxCandidates] of kept mass, then float32 [size, size]. */
  attentionMap(
    args: CudaAttentionShape & {
      q: CudaHeads;
      k: CudaHeads;
      batchIndex: number;
      head: number;
      cell: number;
      halfWindows: Int32Array;
    },
  ): Promise<ArrayBuffer>;
}

interface CudaAddon {
  readonly CudaContext: new (card: number, cublasLt: string, choices: MatmulChoices) => CudaContext;
  readonly maxCandidates: number;
  readonly maxAddends: number;
  readonly maxReferences: number;
  cards(): CudaCard[];
  problem(): string | null;
  attentionBlock(headDim: number): [number, number];
}

const FILE = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'build', 'release', 'arrowhead_cuda.node');

let loaded: CudaAddon | Error | undefined;

/** Not built on every machine, so that it is loaded when first asked for. Null where it is missing or does not load. */
function load(): CudaAddon | Error {
  if (loaded === undefined) {
    try {
      loaded = existsSync(FILE)
        ? (createRequire(import.meta.url)(FILE) as CudaAddon)
        : new Error('the CUDA kernels are not built; with nvcc 12.4 or newer: ARROWHEAD_CUDA=1 npm run build:native');
    } catch (error) {
      loaded = new Error(`the CUDA kernels do not load: ${(error as Error).message}`);
    }
  }
  return loaded;
}

export function requireCudaAddon(): CudaAddon {
  const addon = load();
  if (addon instanceof Error) throw new CudaUnavailableError(addon.message);
  return addon;
}

/** CUDA cannot be used; the message says why and what to do. */
export class CudaUnavailableError extends Error {
  override readonly name = 'CudaUnavailableError';

  constructor(reason: string) {
    super(`No CUDA device: ${reason}`);
  }
}

/** Why no card can be used; null where one can. */
export function whyNoCuda(): string | null {
  const addon = load();
  return addon instanceof Error ? addon.message : addon.problem();
}

/** The cards of this machine; none where the kernels are not built or there is no driver. */
export function cudaCards(): readonly CudaCard[] {
  const addon = load();
  return addon instanceof Error ? [] : addon.cards();
}

/** [BM, BN] of the mask blocks that the kernels run at a head dim. */
export function cudaAttentionBlock(headDim: number): readonly [number, number] {
  return requireCudaAddon().attentionBlock(headDim);
}

/** Windows that one measuring or mapping call takes. */
export function cudaMaxCandidates(): number {
  return requireCudaAddon().maxCandidates;
}

/** Outputs made elsewhere that one measuring call compares. */
export function cudaMaxReferences(): number {
  return requireCudaAddon().maxReferences;
}
