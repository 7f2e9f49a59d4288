import { addon } from './addon.ts';
import {
  countOf,
  KernelArgumentError,
  requireApart,
  requireArray,
  requireFinite,
  requireFloats,
  requireInteger,
} from './arguments.ts';
import { runCancellable } from './cancellation.ts';

/** In `halfWindows`: this head uses full attention. */
export const FULL_HEAD = -1;
/** In `halfWindows`: this head keeps what `out` holds. */
export const CACHED_HEAD = -2;
/** Addends or references of one call. */
const MAX_TENSORS = 64;

export interface KernelTokenLayout {
  readonly text: number;
  readonly image: number;
  readonly order: 'text-first' | 'image-first';
}

interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  /** A multiple of 8 up to 256. */
  readonly dim: number;
  readonly layout: KernelTokenLayout;
  /** [BM query rows, BN keys] of the mask's blocks. */
  readonly block: readonly [number, number];
}

interface QueryKey extends AttentionShape {
  /** [batch, tokens, heads, dim]; tokens are `tokenStride` elements apart. NaN in gives NaN out. */
  readonly q: Float32Array;
  readonly k: Float32Array;
  /** Default heads · dim. */
  readonly tokenStride?: number;
  /** Softmax scale; default 1/√dim. */
  readonly scale?: number;
  /** Stops the kernel between tiles; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface HeadwiseAttentionArgs extends QueryKey {
  readonly v: Float32Array;
  /** Contiguous [batch, tokens, heads, dim]; shares no memory with q, k or v. Not to be transferred before the promise settles. */
  readonly out: Float32Array;
  /** Per head: FULL_HEAD, CACHED_HEAD or a one-sided half-window in tokens. */
  readonly halfWindows: Int32Array;
  /** Per head: not 0 where the second half of the batch, the guided one, is computed alone and copied to the first. */
  readonly sharesGuidance?: Uint8Array;
  readonly combine?: CombineHeads;
}

/** What heads put out, combined with tensors laid out as `out`: addend + attention, or addend − attention. */
export interface CombineHeads {
  /** At most 64, apart from `out`. */
  readonly addends: readonly Float32Array[];
  /** Per head the index of its addend; −1: none. */
  readonly addendOf: Int32Array;
  readonly subtract: boolean;
}

export interface MeasureAttentionArgs extends QueryKey {
  readonly v: Float32Array;
  /** Candidate half-windows in tokens, in any order. */
  readonly halfWindows: Int32Array;
  /** Per candidate, contiguous: measured with this added to its output too. Default: none. */
  readonly residuals?: readonly (Float32Array | null)[];
  /** Outputs made elsewhere, contiguous, at most 64: compared with full attention too. */
  readonly references: readonly Float32Array[];
}

export interface KernelErrorSums {
  readonly count: number;
  readonly sum: Float64Array;
  readonly sumOfSquares: Float64Array;
  /** [candidates][heads] */
  readonly arrow: readonly Float64Array[];
  /** [candidates][heads]; null where a candidate has no residual. */
  readonly withResidual: readonly (Float64Array | null)[];
  /** [references][heads] */
  readonly references: readonly Float64Array[];
}

export interface AttentionMapArgs extends QueryKey {
  readonly batchIndex: number;
  readonly head: number;
  /** Tokens per side of a cell of the map. */
  readonly cell: number;
  readonly halfWindows: Int32Array;
}

/** Every head by its own method in one call (DESIGN: full, arrow, cached). Cached heads cost nothing and are not touched. */
export async function headwiseAttention(args: HeadwiseAttentionArgs): Promise<void> {
  const flat = flatten(args);
  requireStrided('v', args.v, args);
  requireFloats('out', args.out, outputCount(args));
  const count = stridedCount('v', args);
  requireApart(
    'out',
    { array: args.out, count: outputCount(args) },
    { q: { array: args.q, count }, k: { array: args.k, count }, v: { array: args.v, count } },
  );
  requireArray('halfWindows', args.halfWindows, Int32Array, args.heads);
  const windows = args.halfWindows.subarray(0, args.heads);
  requireWindows(windows, CACHED_HEAD);
  const { sharesGuidance = null } = args;
  if (sharesGuidance) requireSharing(sharesGuidance, args);
  const combined = combinedWith(args);
  args.signal?.throwIfAborted();
  if (windows.every((window) => window === CACHED_HEAD)) return;
  const { v, out, halfWindows } = args;
  await runCancellable(args.signal, (cancel) =>
    addon.headwiseAttention({ ...flat, v, out, halfWindows, sharesGuidance, ...combined, cancel }),
  );
}

function requireSharing(sharesGuidance: Uint8Array, { heads, batch }: HeadwiseAttentionArgs): void {
  requireArray('sharesGuidance', sharesGuidance, Uint8Array, heads);
  if (batch % 2 !== 0 && sharesGuidance.subarray(0, heads).some((shares) => shares !== 0))
    throw new KernelArgumentError('batch', 'an even number where heads share guidance', String(batch));
}

function combinedWith(args: HeadwiseAttentionArgs) {
  if (!args.combine) return { addends: [], addendOf: null, subtract: false };
  const { addends, addendOf, subtract } = args.combine;
  const count = outputCount(args);
  if (addends.length > MAX_TENSORS)
    throw new KernelArgumentError('combine.addends', `at most ${MAX_TENSORS}`, `${addends.length}`);
  addends.forEach((addend, n) => {
    const name = `combine.addends[${n}]`;
    requireFloats(name, addend, count);
    requireApart('out', { array: args.out, count }, { [name]: { array: addend, count } });
  });
  requireArray('combine.addendOf', addendOf, Int32Array, args.heads);
  const wrong = addendOf.subarray(0, args.heads).find((index) => index < -1 || index >= addends.length);
  if (wrong !== undefined)
    throw new KernelArgumentError('combine.addendOf', '-1 or the index of an addend', String(wrong));
  return { addends: [...addends], addendOf, subtract };
}

/**
 * Every arrow window, alone and with a residual added, and outputs made elsewhere against full attention: one walk over
 * the keys for all of them.
 */
export async function measureAttention(args: MeasureAttentionArgs): Promise<KernelErrorSums> {
  const flat = flatten(args);
  const { halfWindows, heads } = args;
  requireStrided('v', args.v, args);
  requireArray('halfWindows', halfWindows, Int32Array, 0);
  requireWindows(halfWindows, 0);
  const candidates = halfWindows.length;
  const residuals = args.residuals ? [...args.residuals] : new Array<null>(candidates).fill(null);
  if (residuals.length !== candidates)
    throw new KernelArgumentError('residuals', `one per candidate (${candidates})`, `${residuals.length}`);
  const references = [...args.references];
  if (references.length > MAX_TENSORS)
    throw new KernelArgumentError('references', `at most ${MAX_TENSORS}`, `${references.length}`);
  const count = outputCount(args);
  residuals.forEach((residual, n) => void (residual && requireFloats(`residuals[${n}]`, residual, count)));
  references.forEach((reference, n) => void requireFloats(`references[${n}]`, reference, count));
  const sums = await runCancellable(args.signal, (cancel) =>
    addon.measureAttention({ ...flat, v: args.v, residuals, references, halfWindows, cancel }),
  );
  const row = (n: number) => sums.squaredErrors.subarray(n * heads, (n + 1) * heads);
  return {
    count: args.batch * tokensOf(args) * args.dim,
    sum: sums.sum,
    sumOfSquares: sums.sumOfSquares,
    arrow: residuals.map((_, n) => row(n)),
    withResidual: residuals.map((residual, n) => (residual ? row(candidates + n) : null)),
    references: references.map((_, n) => row(2 * candidates + n)),
  };
}

export interface KernelAttentionMap {
  readonly size: number;
  /** Mean probability per pair of cells, [size, size]. */
  readonly values: Float32Array;
  /** Per half-window: mean over queries of the probability that the arrow keeps. */
  readonly keptMass: readonly number[];
}

/** One head's softmax probabilities averaged over cells, without ever holding tokens × tokens. */
export async function attentionMap(args: AttentionMapArgs): Promise<KernelAttentionMap> {
  const flat = flatten(args);
  const { batchIndex, head, cell, halfWindows } = args;
  requireInteger('batchIndex', batchIndex, 0, args.batch - 1);
  requireInteger('head', head, 0, args.heads - 1);
  requireInteger('cell', cell, 1);
  requireArray('halfWindows', halfWindows, Int32Array, 0);
  requireWindows(halfWindows, 0);
  requireInteger('layout.text + layout.image', tokensOf(args), 1);
  const size = Math.ceil(tokensOf(args) / cell);
  const values = new Float32Array(countOf('cell', size, size));
  const keptMass = await runCancellable(args.signal, (cancel) =>
    addon.attentionMap({ ...flat, batchIndex, head, cell, halfWindows, values, cancel }),
  );
  return { size, values, keptMass: [...keptMass] };
}

export interface HeadwiseRseArgs {
  /** Both [batch, tokens, heads, dim]. */
  readonly y: Float32Array;
  readonly yFull: Float32Array;
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  readonly dim: number;
}

/** Per head Σ(y − yFull)² / Σ(yFull − mean(yFull))² in float64, against yFull as the published code of DiTFastAttnV2 has it. */
export async function headwiseRse(args: HeadwiseRseArgs): Promise<Float64Array> {
  const { batch, tokens, heads, dim, y, yFull } = args;
  for (const [name, value] of Object.entries({ batch, tokens, heads, dim })) requireInteger(name, value, 1);
  const count = countOf('y', batch, tokens, heads, dim);
  requireFloats('y', y, count);
  requireFloats('yFull', yFull, count);
  return addon.headwiseRse({ y, yFull, batch, tokens, heads, dim });
}

/**
 * Key tokens that each row block visits under an arrow: Int32Array [rowBlocks, 4], begin and end of the first range,
 * begin and end of the second (0, 0 where there is one range).
 */
export function keptKeyRanges(
  layout: KernelTokenLayout,
  halfWindow: number,
  block: readonly [number, number],
): Int32Array {
  requireInteger('halfWindow', halfWindow, 0);
  return addon.keptKeyRanges({
    ...flattenMask(layout, block),
    halfWindow: Math.min(halfWindow, layout.text + layout.image),
  });
}

/** (query, key) pairs that an arrow keeps, of (text + image)² in all. */
export function keptPairs(layout: KernelTokenLayout, halfWindow: number, block: readonly [number, number]): number {
  const ranges = keptKeyRanges(layout, halfWindow, block);
  const tokens = layout.text + layout.image;
  let pairs = 0;
  for (let m = 0; m * 4 < ranges.length; m++) {
    const rows = Math.min(block[0], tokens - m * block[0]);
    pairs += rows * (ranges[m * 4 + 1]! - ranges[m * 4]! + ranges[m * 4 + 3]! - ranges[m * 4 + 2]!);
  }
  return pairs;
}

function tokensOf(shape: AttentionShape): number {
  return shape.layout.text + shape.layout.image;
}

function outputCount(shape: AttentionShape): number {
  return countOf('out', shape.batch, tokensOf(shape), shape.heads, shape.dim);
}

function flattenMask(layout: KernelTokenLayout, block: readonly [number, number]) {
  requireInteger('layout.text', layout.text, 0, 2 ** 30);
  requireInteger('layout.image', layout.image, 0, 2 ** 30);
  if (layout.order !== 'text-first' && layout.order !== 'image-first') {
    throw new KernelArgumentError('layout.order', '"text-first" or "image-first"', String(layout.order));
  }
  requireInteger('layout.text + layout.image', layout.text + layout.image, 0, 2 ** 30);
  requireInteger('block[0]', block[0], 1, 2 ** 30);
  requireInteger('block[1]', block[1], 1, 2 ** 30);
  return {
    text: layout.text,
    image: layout.image,
    textFirst: layout.order === 'text-first',
    blockRows: block[0],
    blockKeys: block[1],
  };
}

function flatten(args: QueryKey) {
  const { batch, heads, dim } = args;
  requireInteger('batch', batch, 1, 2 ** 20);
  requireInteger('heads', heads, 1, 2 ** 20);
  requireInteger('dim', dim, 8, 256);
  if (dim % 8 !== 0) throw new KernelArgumentError('dim', 'a multiple of 8', String(dim));
  const mask = flattenMask(args.layout, args.block);
  const tokenStride = args.tokenStride ?? heads * dim;
  requireInteger('tokenStride', tokenStride, heads * dim);
  requireStrided('q', args.q, args);
  requireStrided('k', args.k, args);
  const scale = args.scale ?? 1 / Math.sqrt(dim);
  requireFinite('scale', scale);
  return { ...mask, batch, heads, dim, tokenStride, scale, q: args.q, k: args.k };
}

function requireStrided(argument: string, value: Float32Array, args: QueryKey): void {
  requireFloats(argument, value, stridedCount(argument, args));
}

function stridedCount(argument: string, args: QueryKey): number {
  const width = args.heads * args.dim;
  const rows = args.batch * tokensOf(args);
  return rows === 0 ? 0 : countOf(argument, rows - 1, args.tokenStride ?? width) + width;
}

function requireWindows(halfWindows: Int32Array, least: number): void {
  const wrong = halfWindows.find((window) => window < least);
  if (wrong !== undefined) throw new KernelArgumentError('halfWindows', `values of at least ${least}`, String(wrong));
}
