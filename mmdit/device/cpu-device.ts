import * as kernels from '../../native-kernels/index.ts';
import type { BlockSize } from '../attention/token-layout.ts';
import { readFloatsInto } from '../checkpoint/read-floats.ts';
import type { TensorSource } from '../checkpoint/tensor-source.ts';
import { BufferPool } from './buffer-pool.ts';
import { attentionInput } from './cpu-attention.ts';
import { flattened, joinChannels, joinTokens, type Rearrangement, requireRank3, tokenRows } from './cpu-rearrange.ts';
import { CpuBuffer, CpuTensor, contiguous, copyRows, cpuTensor, cpuTensorOf } from './cpu-tensor.ts';
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
} from './device.ts';
import { Gemm } from './gemm.ts';
import { candidateWindows, headPlan } from './head-plan.ts';
import { freeMemory, totalMemory } from './host-memory.ts';
import { preferredBlock } from './preferred-block.ts';
import { countOf, requireLengths, requireRange } from './shape.ts';
import { ShapeError } from './shape-error.ts';
import { stackedShape } from './stacked-shape.ts';
import { UnsupportedBlockError } from './unsupported-block-error.ts';
import { WorkQueue } from './work-queue.ts';

const MIN_POOL_BYTES = 512 * 2 ** 20;

/** Runs on the processor: matrix products on ONNX Runtime, all else in native-kernels. Computes in float32. */
export class CpuDevice implements Device {
  readonly info = CpuDevice.describe();
  readonly #queue = new WorkQueue();
  readonly #pool = new BufferPool(Math.max(MIN_POOL_BYTES, totalMemory() / 8));
  readonly #gemm: Gemm;

  private constructor(gemm: Gemm) {
    this.#gemm = gemm;
  }

  /** What an opened one says of itself. */
  static describe(): DeviceInfo {
    const { model, threads, instructionSet } = kernels.cpuInfo();
    return {
      kind: 'cpu',
      name: `${model}, ${threads} thread${threads === 1 ? '' : 's'}, ${instructionSet}`,
      computeDtype: 'f32',
      memoryBytes: totalMemory(),
    };
  }

  /** Throws OnnxError, and OnnxRuntimeMissingError. */
  static async open(): Promise<CpuDevice> {
    return new CpuDevice(await Gemm.open(kernels.cpuInfo().threads));
  }

  /** Buffers made since the device was opened; for tests of reuse. */
  get allocations(): number {
    return this.#pool.allocations;
  }

  get freeBytes(): number {
    return freeMemory() + this.#pool.freeBytes;
  }

  get bytesPerWeight(): BytesPerWeight {
    const bytes = Float32Array.BYTES_PER_ELEMENT;
    return { exact: bytes, projection: bytes, table: bytes };
  }

  preferredBlock(headDim: number): BlockSize {
    return preferredBlock(this.info.kind, headDim);
  }

  requireBlock(block: BlockSize, headDim: number): void {
    if (block.length !== 2 || !block.every((size) => Number.isInteger(size) && size >= 1 && size <= 4096))
      throw new UnsupportedBlockError('The CPU', block, headDim, 'blocks of 1 to 4096 rows and keys');
  }

  allocate(shape: Shape): CpuTensor {
    requireLengths('allocate', shape);
    return new CpuTensor(new CpuBuffer(this.#pool.take(countOf(shape)), this.#pool), shape);
  }

  upload(values: Float32Array, shape: Shape): CpuTensor {
    if (values.length !== countOf(shape))
      throw new ShapeError(
        'upload',
        'values',
        `${countOf(shape)} elements for [${shape.join(', ')}]`,
        `${values.length}`,
      );
    const tensor = this.allocate(shape);
    // The caller may change its array before the queue gets here.
    const snapshot = values.slice();
    const { floats } = tensor;
    this.#queue.enqueue(() => floats.set(snapshot));
    return tensor;
  }

  download(tensor: Tensor): Promise<Float32Array> {
    const from = cpuTensor('download', 'tensor', tensor);
    return this.#queue.enqueueResult(() => {
      const values = new Float32Array(from.count);
      copyRows(from.rows, kernels.rowsOf(values, from.width), from.rowCount, from.width);
      return values;
    });
  }

  copy(from: Tensor, to: Tensor): void {
    const target = cpuTensor('copy', 'to', to);
    const source = cpuTensorOf('copy', 'from', from, target.shape);
    this.#queue.enqueue(() => copyRows(source.rows, target.rows, source.rowCount, source.width));
  }

  release(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) if (tensor instanceof CpuTensor) tensor.release();
  }

  finish(): Promise<void> {
    return this.#queue.finish();
  }

  abort(reason: unknown): void {
    this.#queue.abort(reason);
  }

  uploadExact(values: Float32Array, shape: Shape): CpuTensor {
    return this.upload(values, shape);
  }

  async loadWeight(sources: readonly TensorSource[]): Promise<CpuTensor> {
    const shape = stackedShape(sources);
    const floats = kernels.largeFloats(countOf(shape));
    let position = 0;
    for (const source of sources) {
      const count = countOf(source.shape);
      await readFloatsInto(floats.subarray(position, position + count), source);
      position += count;
    }
    return new CpuTensor(new CpuBuffer(floats, null), shape);
  }

  async close(): Promise<void> {
    await this.finish().catch(() => {});
    await this.#gemm.close();
    this.#pool.clear();
  }

  linear(x: Tensor | readonly Tensor[], weight: Tensor, bias: Tensor | null, options: LinearOptions = {}): CpuTensor {
    if (isParts(x)) {
      const joined = this.concat(x, 'channels');
      const product = this.linear(joined, weight, bias, options);
      joined.release();
      return product;
    }
    const w = contiguous('linear', 'weight', weight);
    const [columns = 0, inner = 0] = w.shape;
    if (w.shape.length !== 2) throw new ShapeError('linear', 'weight', 'of shape [out, in]', w.shape);
    const b = bias && contiguous('linear', 'bias', bias, [columns]);
    const input = cpuTensor('linear', 'x', x);
    if (input.width !== inner) throw new ShapeError('linear', 'x', `of ${inner} channels`, input.shape);
    const shape = [...input.shape.slice(0, -1), columns];
    const out = options.out ? contiguous('linear', 'out', options.out, shape) : this.allocate(shape);
    const packed = input.isContiguous ? input : this.#packed(input);
    const rows = input.rowCount;
    if (rows > 0) {
      const product = { x: packed.floats, weight: w.floats, bias: b?.floats ?? null, out: out.floats };
      this.#queue.enqueue(() => this.#gemm.multiply({ ...product, rows, inner, columns }));
      if (options.activation) this.#activate(out, out, options.activation);
    }
    if (packed !== input) packed.release();
    return out;
  }

  activation(x: Tensor, kind: Activation): CpuTensor {
    const input = cpuTensor('activation', 'x', x);
    const out = this.allocate(input.shape);
    this.#activate(input, out, kind);
    return out;
  }

  layerNormModulate(x: Tensor, shift: Tensor, scale: Tensor, eps: number): CpuTensor {
    const input = cpuTensor('layerNormModulate', 'x', x);
    const [batch, tokens, channels] = requireRank3('layerNormModulate', input);
    const vector = [batch, channels];
    const args = {
      x: input.rows,
      shift: cpuTensorOf('layerNormModulate', 'shift', shift, vector).rows,
      scale: cpuTensorOf('layerNormModulate', 'scale', scale, vector).rows,
    };
    const out = this.allocate(input.shape);
    const { floats } = out;
    this.#queue.enqueue(() => kernels.layerNormModulate({ ...args, batch, tokens, channels, eps, out: floats }));
    return out;
  }

  gatedResidual(residual: Tensor, x: Tensor, gate: Tensor): void {
    const target = contiguous('gatedResidual', 'residual', residual);
    const [batch, tokens, channels] = requireRank3('gatedResidual', target);
    const args = {
      residual: target.floats,
      x: cpuTensorOf('gatedResidual', 'x', x, target.shape).rows,
      gate: cpuTensorOf('gatedResidual', 'gate', gate, [batch, channels]).rows,
    };
    this.#queue.enqueue(() => kernels.gatedResidual({ ...args, batch, tokens, channels }));
  }

  gatedResidualNorm(residual: Tensor, { x, gate }: Added, shift: Tensor, scale: Tensor, eps: number): CpuTensor {
    this.gatedResidual(residual, x, gate);
    return this.layerNormModulate(residual, shift, scale, eps);
  }

  addInPlace(a: Tensor, b: Tensor): void {
    const left = contiguous('addInPlace', 'a', a);
    const right = contiguous('addInPlace', 'b', b, left.shape).floats;
    const sum = left.floats;
    this.#queue.enqueue(() => {
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + right[i]!;
    });
  }

  allocateJoint(shape: Shape): JointQkv {
    return { q: this.allocate(shape), k: this.allocate(shape), v: this.allocate(shape) };
  }

  /** Of all heads: to leave some out would cost the copy of a weight. */
  projectQkv(streams: readonly QkvStream[], to: JointQkv, { eps }: ProjectQkvOptions): void {
    for (const stream of streams) {
      const qkv = this.linear(stream.x, stream.weight, stream.bias);
      this.#qkNormRope(qkv, to, stream, eps);
      qkv.release();
    }
  }

  columns(x: Tensor, begin: number, end: number): CpuTensor {
    const input = cpuTensor('columns', 'x', x);
    requireRange('columns', begin, end, input.width);
    return input.view([...input.shape.slice(0, -1), end - begin], input.offset + begin, input.stride);
  }

  rows(x: Tensor, begin: number, end: number): CpuTensor {
    const input = flattened('rows', x);
    const part = tokenRows(input, begin, end);
    requireRange('rows', begin, end, input.shape[1] ?? 0);
    const isOneRange = input.shape[0] === 1;
    const rows = isOneRange
      ? input.view(part.shape, input.offset + begin * input.stride, input.stride)
      : this.#rearranged(part);
    input.release();
    return rows;
  }

  samples(x: Tensor, begin: number, end: number): CpuTensor {
    const input = contiguous('samples', 'x', x);
    const [batch = 0, ...rest] = input.shape;
    requireRange('samples', begin, end, batch);
    return input.view([end - begin, ...rest], input.offset + begin * countOf(rest));
  }

  concat(parts: readonly Tensor[], axis: 'tokens' | 'channels'): CpuTensor {
    const inputs = parts.map((part) => flattened('concat', part));
    const out = this.#rearranged(axis === 'tokens' ? joinTokens(inputs) : joinChannels(inputs));
    for (const input of inputs) input.release();
    return out;
  }

  headwiseAttention(call: HeadwiseAttentionCall): void {
    const input = attentionInput('headwiseAttention', call);
    const out = contiguous('headwiseAttention', 'out', call.out, call.q.shape).floats;
    const { addends, addendOf, subtract, sharesGuidance, halfWindows } = headPlan(call, input.batch, input.heads);
    const combine = addendOf && {
      addends: addends.map((addend) => contiguous('headwiseAttention', 'residual', addend, call.q.shape).floats),
      ...{ addendOf, subtract },
    };
    const args = { ...input, out, halfWindows, ...(sharesGuidance && { sharesGuidance }), ...(combine && { combine }) };
    this.#queue.enqueue((signal) => kernels.headwiseAttention({ ...args, signal }));
  }

  measureAttention(call: MeasureAttentionCall): Promise<AttentionErrorSums> {
    const input = attentionInput('measureAttention', call);
    const floatsOf = (name: string, tensor: Tensor) =>
      contiguous('measureAttention', name, tensor, call.q.shape).floats;
    const residuals = call.fractions.map((fraction) => {
      const residual = call.residuals.get(fraction);
      return residual ? floatsOf('residual', residual) : null;
    });
    const references = call.references.map((reference) => floatsOf('reference', reference));
    const halfWindows = candidateWindows(call.fractions, call.layout);
    return this.#queue.enqueueResult((signal) =>
      kernels.measureAttention({ ...input, residuals, references, halfWindows, signal }),
    );
  }

  attentionMap(call: AttentionMapCall): Promise<AttentionMap> {
    const { v: _, ...input } = attentionInput('attentionMap', call);
    const { head, cell, batch: batchIndex } = call;
    const halfWindows = candidateWindows(call.fractions, call.layout);
    return this.#queue.enqueueResult((signal) =>
      kernels.attentionMap({ ...input, batchIndex, head, cell, halfWindows, signal }),
    );
  }

  #qkNormRope(qkv: CpuTensor, to: JointQkv, stream: QkvStream, eps: number): void {
    const op = 'projectQkv';
    const joint = contiguous(op, 'q', to.q);
    const [batch = 0, jointTokens = 0, heads = 0, dim = 0] = joint.shape;
    const input = cpuTensorOf(op, 'weight', qkv, [batch, qkv.shape[1] ?? 0, 3 * heads * dim]);
    const tokens = input.shape[1] ?? 0;
    const { tokenOffset, normQ, normK, rope } = stream;
    const args = {
      q: joint.floats,
      k: contiguous(op, 'k', to.k, joint.shape).floats,
      v: contiguous(op, 'v', to.v, joint.shape).floats,
      qkv: input.rows,
      normQ: normQ && contiguous(op, 'normQ', normQ, [dim]).floats,
      normK: normK && contiguous(op, 'normK', normK, [dim]).floats,
      rope: rope && contiguous(op, 'rope', rope, [tokens, dim / 2, 2]).floats,
    };
    this.#queue.enqueue(() =>
      kernels.qkNormRope({ ...args, batch, tokens, heads, dim, jointTokens, tokenOffset, eps }),
    );
  }

  #activate(input: CpuTensor, out: CpuTensor, kind: Activation): void {
    const args = { x: input.rows, out: out.rows, rows: input.rowCount, channels: input.width, kind };
    this.#queue.enqueue(() => kernels.activation(args));
  }

  #packed(view: CpuTensor): CpuTensor {
    const packed = this.allocate(view.shape);
    this.#queue.enqueue(() => copyRows(view.rows, packed.rows, view.rowCount, view.width));
    return packed;
  }

  #rearranged(rearrangement: Rearrangement): CpuTensor {
    const out = this.allocate(rearrangement.shape);
    this.#queue.enqueue(() => rearrangement.copyTo(out));
    return out;
  }
}

function isParts(x: Tensor | readonly Tensor[]): x is readonly Tensor[] {
  return Array.isArray(x);
}
