import {
  CUDA_DTYPE_BYTES,
  CUDA_DTYPES,
  type CudaContext,
  type CudaDtype,
  type CudaHeads,
  type CudaPlace,
  type CudaRows,
} from '../../../native-kernels/index.ts';
import type { Shape, Tensor } from '../device.ts';
import { countOf, isSameShape } from '../shape.ts';
import { ShapeError } from '../shape-error.ts';
import { StridedTensor } from '../strided-tensor.ts';
import type { HostWeight } from './weight-offload.ts';

/** Memory on a card that one or several tensors look at; goes back with the last of them. */
export class CudaBuffer {
  readonly memory: number;
  readonly #context: CudaContext;
  #tensors = 0;

  constructor(context: CudaContext, memory: number) {
    this.#context = context;
    this.memory = memory;
  }

  acquire(): void {
    this.#tensors++;
  }

  release(): void {
    this.#tensors--;
    if (this.#tensors === 0) this.#context.release(this.memory);
  }
}

/** Values as e4m3 with one float32 scale per row. */
export interface Quantised {
  readonly values: CudaTensor;
  /** [rows] */
  readonly scales: CudaTensor;
  /** [rows], Euclidean; null where nobody has summed them up. */
  readonly norms: CudaTensor | null;
}

/** On a card. */
export class CudaTensor extends StridedTensor {
  readonly dtype: CudaDtype;
  /** Elements between the tokens of [B, N, H, D] heads that lie in a wider joint tensor; null for every other tensor. */
  readonly tokenStride: number | null;
  /**
   * The same values in fp8, where a product wanted them so: kept for the next product of the same tensor. Of a tensor
   * that only products read (`CudaStream.inFp8`), the only values.
   */
  quantised: Quantised | null = null;
  /** Set for weights that live in the host's memory: the tensor itself has none. */
  host: HostWeight | null = null;
  readonly #buffer: CudaBuffer;
  #released = false;

  constructor(
    buffer: CudaBuffer,
    dtype: CudaDtype,
    shape: Shape,
    offset = 0,
    stride = shape.at(-1) ?? 1,
    tokenStride: number | null = null,
  ) {
    super(shape, offset, stride);
    this.tokenStride = tokenStride;
    this.dtype = dtype;
    this.#buffer = buffer;
    buffer.acquire();
  }

  get released(): boolean {
    return this.#released;
  }

  get dtypeCode(): number {
    return CUDA_DTYPES[this.dtype];
  }

  /** Where it begins. */
  get place(): CudaPlace {
    return { memory: this.#buffer.memory, offset: this.offset * CUDA_DTYPE_BYTES[this.dtype] };
  }

  get rows(): CudaRows {
    return { ...this.place, stride: this.stride };
  }

  view(shape: Shape, offset = this.offset, stride?: number): CudaTensor {
    return new CudaTensor(this.#buffer, this.dtype, shape, offset, stride);
  }

  /** Heads of a joint tensor [B, N, …], `offset` elements into each token. */
  heads(shape: Shape, offset: number): CudaTensor {
    const { offset: begin, width } = this;
    return new CudaTensor(this.#buffer, this.dtype, shape, begin + offset, shape.at(-1), width);
  }

  /** Samples [begin, end), of heads of a joint tensor too. */
  samples(begin: number, end: number): CudaTensor {
    const [, tokens = 1, ...rest] = this.shape;
    const perSample = tokens * (this.tokenStride ?? countOf(rest));
    const shape = [end - begin, ...this.shape.slice(1)];
    const offset = this.offset + begin * perSample;
    return new CudaTensor(this.#buffer, this.dtype, shape, offset, this.stride, this.tokenStride);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.forgetQuantised();
    this.#buffer.release();
  }

  /** The values are about to change. */
  forgetQuantised(): void {
    this.quantised?.values.release();
    this.quantised?.scales.release();
    this.quantised?.norms?.release();
    this.quantised = null;
  }
}

/** The tensor behind the interface. Throws ShapeError for one that was released or that another device made. */
export function cudaTensor(op: string, argument: string, tensor: Tensor): CudaTensor {
  if (!(tensor instanceof CudaTensor)) throw new ShapeError(op, argument, 'a tensor of this device', 'another object');
  if (tensor.released) throw new ShapeError(op, argument, 'alive', 'a released tensor');
  if (tensor.tokenStride !== null) throw new ShapeError(op, argument, 'a tensor of its own', 'heads of a joint one');
  return tensor;
}

/** Where heads [B, N, H, D] lie, of a joint tensor or on their own, as the attention kernels take them. */
export function headsPlace(op: string, argument: string, tensor: Tensor, shape: Shape): CudaHeads {
  if (tensor instanceof CudaTensor && tensor.tokenStride !== null && !tensor.released) {
    if (!isSameShape(tensor.shape, shape))
      throw new ShapeError(op, argument, `of shape [${shape.join(', ')}]`, tensor.shape);
    return { ...tensor.place, tokenStride: tensor.tokenStride };
  }
  return { ...contiguous(op, argument, tensor, shape).place, tokenStride: countOf(shape.slice(2)) };
}

/** As `cudaTensor`, of exactly this shape. */
export function cudaTensorOf(op: string, argument: string, tensor: Tensor, shape: Shape): CudaTensor {
  const found = cudaTensor(op, argument, tensor);
  if (!isSameShape(found.shape, shape))
    throw new ShapeError(op, argument, `of shape [${shape.join(', ')}]`, found.shape);
  return found;
}

/** As `cudaTensor`, without gaps between its rows. */
export function contiguous(op: string, argument: string, tensor: Tensor, shape?: Shape): CudaTensor {
  const found = shape ? cudaTensorOf(op, argument, tensor, shape) : cudaTensor(op, argument, tensor);
  if (!found.isContiguous) throw new ShapeError(op, argument, 'contiguous', 'columns of a wider tensor');
  return found;
}

export function requireRank3(op: string, tensor: CudaTensor): [number, number, number] {
  const [batch, tokens, channels] = tensor.shape;
  if (tensor.shape.length !== 3) throw new ShapeError(op, 'x', 'of shape [B, N, C]', tensor.shape);
  return [batch!, tokens!, channels!];
}
