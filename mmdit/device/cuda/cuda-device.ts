import {
  type CudaCard,
  type CudaContext,
  type CudaMemory,
  type CudaRows,
  cudaCards,
  openCard,
} from '../../../native-kernels/index.ts';
import type { BlockSize } from '../../attention/token-layout.ts';
import type { TensorSource } from '../../checkpoint/tensor-source.ts';
import type {
  Activation,
  Added,
  AttentionErrorSums,
  AttentionMap,
  AttentionMapCall,
  BytesPerWeight,
  Device,
  DeviceInfo,
  HeadwiseAttentionCall,
  JointQkv,
  LinearOptions,
  MeasureAttentionCall,
  ProjectQkvOptions,
  QkvStream,
  Shape,
  Tensor,
  WeightUse,
} from '../device.ts';
import { headPlan } from '../head-plan.ts';
import { preferredBlock } from '../preferred-block.ts';
import { countOf, requireRange } from '../shape.ts';
import { ShapeError } from '../shape-error.ts';
import { UnsupportedBlockError } from '../unsupported-block-error.ts';
import { attentionShape, mapAttention, measureInCalls } from './cuda-attention.ts';
import { CudaProducts } from './cuda-products.ts';
import { CudaStream } from './cuda-stream.ts';
import { CudaTensor, contiguous, cudaTensor, cudaTensorOf, headsPlace, requireRank3 } from './cuda-tensor.ts';
import { CudaWeights } from './cuda-weights.ts';
import { KeptMatmulChoices } from './matmul-choices.ts';

const ACTIVATIONS: Readonly<Record<Activation, number>> = { 'gelu-tanh': 0, silu: 1 };
export interface CudaOptions {
  /** Index of the card. */
  readonly card?: number;
  /** What projections are multiplied in; fp8 needs a card of compute capability 8.9 or newer. */
  readonly projections?: 'bf16' | 'fp8';
  /** Projections stay in the host's memory and come to the card when they are needed: for cards with little memory. */
  readonly offload?: boolean;
}

/**
 * Runs on an NVIDIA card: attention and all fused ops in our own kernels, matrix products on cuBLASLt or, on Hopper, in ours. Computes in bf16
 * with float32 sums. Every op enqueues on one stream; nothing waits before a download.
 */
export class CudaDevice implements Device {
  readonly info: DeviceInfo;
  readonly #context: CudaContext;
  readonly #options: Required<CudaOptions>;
  readonly #stream: CudaStream;
  readonly #weights: CudaWeights;
  readonly #products: CudaProducts;

  private constructor(
    card: CudaCard,
    context: CudaContext,
    choices: KeptMatmulChoices,
    options: Required<CudaOptions>,
  ) {
    this.#context = context;
    this.#options = options;
    const ways = [
      ...(options.projections === 'fp8' ? ['fp8 projections'] : []),
      ...(options.offload ? ['weights in host memory'] : []),
    ];
    this.info = {
      kind: 'cuda',
      name: [card.name, ...ways].join(', '),
      computeDtype: 'bf16',
      memoryBytes: context.memory().freeBytes,
    };
    this.#stream = new CudaStream(context, this.info.name, choices);
    this.#weights = new CudaWeights(this.#stream, options);
    this.#products = new CudaProducts(this.#stream, this.#weights);
  }

  /** Throws CudaUnavailableError where there is no such card or no cuBLASLt. */
  static open({ card = 0, projections = 'bf16', offload = false }: CudaOptions = {}): CudaDevice {
    const properties = cudaCards().find(({ index }) => index === card);
    const choices = new KeptMatmulChoices(properties?.name ?? '');
    const context = openCard(card, choices.known);
    const { major, minor, name } = properties!;
    if (projections === 'fp8' && major * 10 + minor < 89) {
      context.close();
      throw new RangeError(`${name} has no fp8 tensor cores (compute capability ${major}.${minor}); use bf16`);
    }
    return new CudaDevice(properties!, context, choices, { card, projections, offload });
  }

  get bytesPerWeight(): BytesPerWeight {
    const { projections, offload } = this.#options;
    return { exact: 2, projection: offload ? 0 : projections === 'fp8' ? 1 : 2, table: 0 };
  }

  get freeBytes(): number {
    return this.#context.memory().freeBytes;
  }

  get memory(): CudaMemory {
    return this.#context.memory();
  }

  preferredBlock(headDim: number): BlockSize {
    return preferredBlock('cuda', headDim);
  }

  requireBlock(block: BlockSize, headDim: number): void {
    const [rows, keys] = this.preferredBlock(headDim);
    if (block[0] !== rows || block[1] !== keys)
      throw new UnsupportedBlockError(this.info.name, block, headDim, `blocks of ${rows}×${keys} at this head dim`);
  }

  allocate(shape: Shape): CudaTensor {
    return this.#stream.allocate(shape, 'bf16');
  }

  upload(values: Float32Array, shape: Shape): CudaTensor {
    const exact = this.uploadExact(values, shape);
    const tensor = this.allocate(shape);
    this.#stream.convert(exact, tensor);
    exact.release();
    return tensor;
  }

  uploadExact(values: Float32Array, shape: Shape): CudaTensor {
    if (values.length !== countOf(shape)) {
      const expected = `${countOf(shape)} elements for [${shape.join(', ')}]`;
      throw new ShapeError('upload', 'values', expected, `${values.length}`);
    }
    const tensor = this.#stream.allocate(shape, 'f32');
    this.#stream.upload(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), tensor.place);
    return tensor;
  }

  download(tensor: Tensor): Promise<Float32Array> {
    const from = cudaTensor('download', 'tensor', tensor);
    const packed = from.isContiguous ? from.view(from.shape, from.offset, from.stride) : this.#packed(from);
    const exact = this.#stream.allocate(packed.shape, 'f32');
    this.#stream.convert(packed, exact);
    const result = this.#stream.ask(() => this.#context.download({ from: exact.place, count: exact.count * 4 }));
    packed.release();
    exact.release();
    return result.then((bytes) => new Float32Array(bytes));
  }

  copy(from: Tensor, to: Tensor): void {
    const target = cudaTensor('copy', 'to', to);
    const source = cudaTensorOf('copy', 'from', from, target.shape);
    target.forgetQuantised();
    this.#stream.copyRows(source, target);
  }

  release(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) {
      if (!(tensor instanceof CudaTensor) || tensor.released) continue;
      this.#weights.forget(tensor);
      tensor.release();
    }
  }

  finish(): Promise<void> {
    return this.#stream.finish();
  }

  abort(reason: unknown): void {
    this.#stream.abort(reason);
  }

  loadWeight(sources: readonly TensorSource[], use: WeightUse): Promise<CudaTensor> {
    return this.#weights.load(sources, use);
  }

  async close(): Promise<void> {
    await this.finish().catch(() => {});
    this.#weights.close();
    this.#context.close();
  }

  linear(x: Tensor | readonly Tensor[], weight: Tensor, bias: Tensor | null, options: LinearOptions = {}): CudaTensor {
    const out = this.#products.linear(x, weight, bias, options);
    if (options.activation === 'silu') this.#activate(out, out, 'silu');
    return out;
  }

  activation(x: Tensor, kind: Activation): CudaTensor {
    const input = cudaTensor('activation', 'x', x);
    const out = this.allocate(input.shape);
    this.#activate(input, out, kind);
    return out;
  }

  layerNormModulate(x: Tensor, shift: Tensor, scale: Tensor, eps: number, use: WeightUse): CudaTensor {
    return this.#norm('layerNormModulate', cudaTensor('layerNormModulate', 'x', x), shift, scale, eps, use);
  }

  gatedResidual(residual: Tensor, x: Tensor, gate: Tensor): void {
    const target = contiguous('gatedResidual', 'residual', residual);
    const [batch, tokens, channels] = requireRank3('gatedResidual', target);
    const added = addedRows('gatedResidual', target, x, gate);
    target.forgetQuantised();
    this.#stream.run(() =>
      this.#context.gatedResidual({
        ...{ batch, tokens, channels, dtype: target.dtypeCode, residual: target.rows },
        ...{ x: added.added, gate: added.gate },
      }),
    );
  }

  gatedResidualNorm(
    residual: Tensor,
    { x, gate }: Added,
    shift: Tensor,
    scale: Tensor,
    eps: number,
    use: WeightUse,
  ): CudaTensor {
    const op = 'gatedResidualNorm';
    const target = contiguous(op, 'residual', residual);
    target.forgetQuantised();
    return this.#norm(op, target, shift, scale, eps, use, addedRows(op, target, x, gate));
  }

  addInPlace(a: Tensor, b: Tensor): void {
    const left = contiguous('addInPlace', 'a', a);
    const right = contiguous('addInPlace', 'b', b, left.shape);
    left.forgetQuantised();
    this.#stream.run(() =>
      this.#context.addInPlace({ a: left.place, b: right.place, count: left.count, dtype: left.dtypeCode }),
    );
  }

  /** One tensor [B, N, 3·H·D], so that a product writes q, k and v where attention reads them. */
  allocateJoint(shape: Shape): JointQkv {
    const [batch = 0, tokens = 0, heads = 0, dim = 0] = shape;
    const width = heads * dim;
    const joint = this.allocate([batch, tokens, 3 * width]);
    const [q, k, v] = [joint.heads(shape, 0), joint.heads(shape, width), joint.heads(shape, 2 * width)];
    joint.release();
    return { q: q!, k: k!, v: v! };
  }

  projectQkv(streams: readonly QkvStream[], to: JointQkv, options: ProjectQkvOptions): void {
    this.#products.projectQkv(streams, to, options);
  }

  columns(x: Tensor, begin: number, end: number): CudaTensor {
    const input = cudaTensor('columns', 'x', x);
    requireRange('columns', begin, end, input.width);
    return input.view([...input.shape.slice(0, -1), end - begin], input.offset + begin, input.stride);
  }

  rows(x: Tensor, begin: number, end: number): CudaTensor {
    const input = flattened('rows', x);
    const [batch, tokens, width] = requireRank3('rows', input);
    requireRange('rows', begin, end, tokens);
    const shape = [batch, end - begin, width];
    let part: CudaTensor;
    if (batch === 1) {
      part = input.view(shape, input.offset + begin * input.stride, input.stride);
    } else {
      part = this.#stream.allocate(shape, input.dtype);
      for (let b = 0; b < batch; b++) {
        const from = input.view([end - begin, width], input.offset + (b * tokens + begin) * input.stride, input.stride);
        const to = part.view([end - begin, width], b * (end - begin) * width);
        this.#stream.copyRows(from, to);
        this.release(from, to);
      }
    }
    input.release();
    return part;
  }

  samples(x: Tensor, begin: number, end: number): CudaTensor {
    requireRange('samples', begin, end, x.shape[0] ?? 0);
    if (x instanceof CudaTensor && x.tokenStride !== null && !x.released) return x.samples(begin, end);
    return contiguous('samples', 'x', x).samples(begin, end);
  }

  concat(parts: readonly Tensor[], axis: 'tokens' | 'channels'): CudaTensor {
    const inputs = parts.map((part) => flattened('concat', part));
    const [batch, tokens, width] = inputs[0] ? requireRank3('concat', inputs[0]) : [0, 0, 0];
    for (const [n, input] of inputs.entries()) {
      const wanted = axis === 'tokens' ? [batch, input.shape[1] ?? 0, width] : [batch, tokens, input.width];
      cudaTensorOf('concat', `parts[${n}]`, input, wanted);
    }
    const sum = (lengths: readonly number[]) => lengths.reduce((total, length) => total + length, 0);
    const shape =
      axis === 'tokens'
        ? [batch, sum(inputs.map((input) => input.shape[1] ?? 0)), width]
        : [batch, tokens, sum(inputs.map((input) => input.width))];
    const out = this.allocate(shape);
    const [, outTokens = 0, outWidth = 0] = shape;
    let at = 0;
    for (const input of inputs) {
      const [, count] = requireRank3('concat', input);
      for (let b = 0; b < batch; b++) {
        const from = input.view([count, input.width], input.offset + b * count * input.stride, input.stride);
        const begin = b * outTokens * outWidth + at * (axis === 'tokens' ? outWidth : 1);
        const to = out.view([count, input.width], begin, outWidth);
        this.#stream.copyRows(from, to);
        this.release(from, to);
      }
      at += axis === 'tokens' ? count : input.width;
      input.release();
    }
    return out;
  }

  headwiseAttention(call: HeadwiseAttentionCall): void {
    const input = attentionShape(this, 'headwiseAttention', call);
    const target = cudaTensor('headwiseAttention', 'out', call.out);
    const place = (name: string, tensor: Tensor) => headsPlace('headwiseAttention', name, tensor, call.q.shape);
    const plan = headPlan(call, input.batch, input.heads);
    const addends = plan.addends.map((addend) => place('residual', addend));
    target.forgetQuantised();
    this.#stream.run(() => this.#context.headwiseAttention({ ...input, ...plan, addends, out: place('out', target) }));
  }

  measureAttention(call: MeasureAttentionCall): Promise<AttentionErrorSums> {
    const input = attentionShape(this, 'measureAttention', call);
    const place = (name: string, tensor: Tensor) => headsPlace('measureAttention', name, tensor, call.q.shape);
    return measureInCalls(input, call, place, (part) =>
      this.#stream.ask(() => this.#context.measureAttention({ ...input, ...part })),
    );
  }

  attentionMap(call: AttentionMapCall): Promise<AttentionMap> {
    const { v: _, ...input } = attentionShape(this, 'attentionMap', call);
    const { head, batch: batchIndex, cell } = call;
    return mapAttention(call, (halfWindows) =>
      this.#stream.ask(() => this.#context.attentionMap({ ...input, batchIndex, head, cell, halfWindows })),
    );
  }

  #norm(
    op: string,
    x: CudaTensor,
    shift: Tensor,
    scale: Tensor,
    eps: number,
    use: WeightUse,
    added: { readonly added: CudaRows; readonly gate: CudaRows } | null = null,
  ): CudaTensor {
    const [batch, tokens, channels] = requireRank3(op, x);
    const args = {
      ...{ x: x.rows, batch, tokens, channels, eps, dtype: x.dtypeCode, added: null, gate: null, ...added },
      shift: cudaTensorOf(op, 'shift', shift, [batch, channels]).rows,
      scale: cudaTensorOf(op, 'scale', scale, [batch, channels]).rows,
    };
    if (use === 'projection' && this.#weights.areQuantised(channels)) {
      // What is multiplied is written at once; nothing else reads the result.
      const quantised = this.#stream.allocateQuantised(x.rowCount, channels);
      const { values, scales, norms } = quantised;
      const to = { out: values.rows, rowScales: scales.place, rowNorms: norms.place };
      this.#stream.run(() => this.#context.layerNormModulate({ ...args, ...to }));
      return this.#stream.inFp8(x.shape, quantised);
    }
    const out = this.allocate(x.shape);
    this.#stream.run(() => this.#context.layerNormModulate({ ...args, out: out.rows, rowScales: null }));
    return out;
  }

  #packed(view: CudaTensor): CudaTensor {
    const packed = this.#stream.allocate(view.shape, view.dtype);
    this.#stream.copyRows(view, packed);
    return packed;
  }

  #activate(input: CudaTensor, out: CudaTensor, kind: Activation): void {
    const { rowCount: rows, width: channels, dtypeCode: dtype } = input;
    out.forgetQuantised();
    this.#stream.run(() =>
      this.#context.activation({ x: input.rows, out: out.rows, rows, channels, kind: ACTIVATIONS[kind], dtype }),
    );
  }
}

/** What is added to a residual stream: gate ⊙ x. */
function addedRows(op: string, residual: CudaTensor, x: Tensor, gate: Tensor) {
  const [batch, , channels] = requireRank3(op, residual);
  return {
    added: cudaTensorOf(op, 'x', x, residual.shape).rows,
    gate: cudaTensorOf(op, 'gate', gate, [batch, channels]).rows,
  };
}

/** A view of [B, n, …] as [B, n, C]; the caller releases it. */
function flattened(op: string, tensor: Tensor): CudaTensor {
  const input = cudaTensor(op, 'x', tensor);
  if (input.shape.length <= 3) return input.view(input.shape, input.offset, input.stride);
  const [batch = 0, tokens = 0, ...rest] = contiguous(op, 'x', tensor).shape;
  return input.view([batch, tokens, countOf(rest)]);
}
