import { addon } from './addon.ts';
import { countOf, KernelArgumentError, requireArray, requireFloats, requireInteger } from './arguments.ts';

/** Rows inside a larger array, as columns of a fused projection are: rows are `stride` elements apart from `offset` on. */
export interface Rows {
  readonly data: Float32Array;
  readonly offset: number;
  readonly stride: number;
}

/** Contiguous rows. */
export function rowsOf(data: Float32Array, width: number): Rows {
  return { data, offset: 0, stride: width };
}

function flattenRows(argument: string, rows: Rows, count: number, width: number): Record<string, unknown> {
  requireInteger(`${argument}.offset`, rows.offset, 0);
  requireInteger(`${argument}.stride`, rows.stride, width);
  const needed = count === 0 ? 0 : countOf(argument, count - 1, rows.stride) + width;
  requireFloats(argument, rows.data, rows.offset + needed);
  return { [argument]: rows.data, [`${argument}Offset`]: rows.offset, [`${argument}Stride`]: rows.stride };
}

export interface LayerNormModulateArgs {
  /** [batch · tokens] rows of `channels`. */
  readonly x: Rows;
  /** [batch] rows of `channels`. */
  readonly shift: Rows;
  readonly scale: Rows;
  readonly batch: number;
  readonly tokens: number;
  readonly channels: number;
  readonly eps: number;
  /** Contiguous [batch, tokens, channels]. */
  readonly out: Float32Array;
}

/** LayerNorm without affine over channels, then · (1 + scale) + shift. */
export async function layerNormModulate(args: LayerNormModulateArgs): Promise<void> {
  const { batch, tokens, channels, eps, out } = args;
  requireSizes({ batch, tokens, channels });
  requireFloats('out', out, countOf('out', batch, tokens, channels));
  await addon.layerNormModulate({
    ...flattenRows('x', args.x, batch * tokens, channels),
    ...flattenRows('shift', args.shift, batch, channels),
    ...flattenRows('scale', args.scale, batch, channels),
    batch,
    tokens,
    channels,
    eps,
    out,
  });
}

export interface RmsNormArgs {
  readonly x: Rows;
  readonly rows: number;
  readonly channels: number;
  /** [channels] */
  readonly weight: Float32Array;
  readonly eps: number;
  readonly out: Float32Array;
}

/** x / √(mean(x²) + eps) · weight over channels. */
export async function rmsNorm(args: RmsNormArgs): Promise<void> {
  const { rows, channels, weight, eps, out } = args;
  requireSizes({ rows, channels });
  requireFloats('weight', weight, channels);
  requireFloats('out', out, countOf('out', rows, channels));
  await addon.rmsNorm({ ...flattenRows('x', args.x, rows, channels), rows, channels, weight, eps, out });
}

export interface QkNormRopeArgs {
  /** [batch · tokens] rows of 3 · heads · dim: q, k and v side by side. */
  readonly qkv: Rows;
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  readonly dim: number;
  /** [dim]; null where the model has no qk-norm. */
  readonly normQ: Float32Array | null;
  readonly normK: Float32Array | null;
  readonly eps: number;
  /** [tokens, dim / 2, 2]: cosine and sine that turn neighbouring channels; null without rotary embedding. */
  readonly rope: Float32Array | null;
  /** Joint tensors [batch, jointTokens, heads, dim], written from token `tokenOffset` on. */
  readonly jointTokens: number;
  readonly tokenOffset: number;
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
}

/** Splits one stream's projection into the joint q, k, v: RMS norm per head, then rotary embedding, on q and k. */
export async function qkNormRope(args: QkNormRopeArgs): Promise<void> {
  const { batch, tokens, heads, dim, normQ, normK, eps, rope, jointTokens, tokenOffset, q, k, v } = args;
  requireSizes({ batch, tokens, heads, dim });
  if (dim % 2 !== 0) throw new KernelArgumentError('dim', 'an even number', String(dim));
  requireInteger('tokenOffset', tokenOffset, 0, jointTokens - tokens);
  if (normQ) requireFloats('normQ', normQ, dim);
  if (normK) requireFloats('normK', normK, dim);
  if (rope) requireFloats('rope', rope, tokens * dim);
  const joint = countOf('q', batch, jointTokens, heads, dim);
  requireFloats('q', q, joint);
  requireFloats('k', k, joint);
  requireFloats('v', v, joint);
  await addon.qkNormRope({
    ...flattenRows('qkv', args.qkv, batch * tokens, 3 * heads * dim),
    ...{ batch, tokens, heads, dim, normQ, normK, eps, rope, jointTokens, tokenOffset, q, k, v },
  });
}

export interface GatedResidualArgs {
  /** Contiguous [batch, tokens, channels]; receives residual + gate ⊙ x. */
  readonly residual: Float32Array;
  readonly x: Rows;
  /** [batch] rows of `channels`. */
  readonly gate: Rows;
  readonly batch: number;
  readonly tokens: number;
  readonly channels: number;
}

export async function gatedResidual(args: GatedResidualArgs): Promise<void> {
  const { residual, batch, tokens, channels } = args;
  requireSizes({ batch, tokens, channels });
  requireFloats('residual', residual, countOf('residual', batch, tokens, channels));
  await addon.gatedResidual({
    ...flattenRows('x', args.x, batch * tokens, channels),
    ...flattenRows('gate', args.gate, batch, channels),
    ...{ residual, batch, tokens, channels },
  });
}

export interface ActivationArgs {
  readonly x: Rows;
  readonly out: Rows;
  readonly rows: number;
  readonly channels: number;
  readonly kind: 'gelu-tanh' | 'silu';
}

/** Elementwise; `x` and `out` may be the same rows. */
export async function activation(args: ActivationArgs): Promise<void> {
  const { rows, channels, kind } = args;
  requireSizes({ rows, channels });
  if (kind !== 'gelu-tanh' && kind !== 'silu')
    throw new KernelArgumentError('kind', '"gelu-tanh" or "silu"', String(kind));
  await addon.activation({
    ...flattenRows('x', args.x, rows, channels),
    ...flattenRows('out', args.out, rows, channels),
    ...{ rows, channels, kind: kind === 'gelu-tanh' ? 0 : 1 },
  });
}

const DTYPES = { F32: [0, 4], F16: [1, 2], BF16: [2, 2] } as const;

/** Little-endian stored values to float32; exact. */
export async function convertToFloat32(
  bytes: Uint8Array,
  dtype: keyof typeof DTYPES,
  out: Float32Array = new Float32Array(bytes.byteLength / (DTYPES[dtype]?.[1] ?? 1)),
): Promise<Float32Array> {
  const known = DTYPES[dtype];
  if (!known) throw new KernelArgumentError('dtype', 'F32, F16 or BF16', String(dtype));
  const [code, size] = known;
  const count = bytes.byteLength / size;
  if (!Number.isInteger(count))
    throw new KernelArgumentError('bytes', `a multiple of ${size} bytes`, `${bytes.byteLength}`);
  requireArray('bytes', bytes, Uint8Array, 0);
  requireFloats('out', out, count);
  await addon.convertToFloat32({ bytes, dtype: code, count, out });
  return out;
}

function requireSizes(sizes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sizes))
    requireInteger(name, value, name === 'tokens' || name === 'rows' ? 0 : 1);
}
