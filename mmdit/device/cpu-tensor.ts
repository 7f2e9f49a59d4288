import type { Rows } from '../../native-kernels/index.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { Shape, Tensor } from './device.ts';
import { isSameShape } from './shape.ts';
import { ShapeError } from './shape-error.ts';
import { StridedTensor } from './strided-tensor.ts';

/** Memory that one or several tensors look at; goes back to the pool with the last of them. */
export class CpuBuffer {
  readonly floats: Float32Array;
  readonly #pool: BufferPool | null;
  #tensors = 0;

  /** `pool` null: memory that is not to be handed out again, as weights are. */
  constructor(floats: Float32Array, pool: BufferPool | null) {
    this.floats = floats;
    this.#pool = pool;
  }

  acquire(): void {
    this.#tensors++;
  }

  release(): void {
    this.#tensors--;
    if (this.#tensors === 0) this.#pool?.give(this.floats);
  }
}

/** In float32. */
export class CpuTensor extends StridedTensor {
  readonly #buffer: CpuBuffer;
  #released = false;

  constructor(buffer: CpuBuffer, shape: Shape, offset = 0, stride = shape.at(-1) ?? 1) {
    super(shape, offset, stride);
    this.#buffer = buffer;
    buffer.acquire();
  }

  get released(): boolean {
    return this.#released;
  }

  /** All elements. Only for contiguous tensors. */
  get floats(): Float32Array {
    return this.#buffer.floats.subarray(this.offset, this.offset + this.count);
  }

  get rows(): Rows {
    return { data: this.#buffer.floats, offset: this.offset, stride: this.stride };
  }

  view(shape: Shape, offset = this.offset, stride?: number): CpuTensor {
    return new CpuTensor(this.#buffer, shape, offset, stride);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#buffer.release();
  }
}

/** The tensor behind the interface. Throws ShapeError for one that was released or that another device made. */
export function cpuTensor(op: string, argument: string, tensor: Tensor): CpuTensor {
  if (!(tensor instanceof CpuTensor)) throw new ShapeError(op, argument, 'a tensor of this device', 'another object');
  if (tensor.released) throw new ShapeError(op, argument, 'alive', 'a released tensor');
  return tensor;
}

/** As `cpuTensor`, of exactly this shape. */
export function cpuTensorOf(op: string, argument: string, tensor: Tensor, shape: Shape): CpuTensor {
  const found = cpuTensor(op, argument, tensor);
  if (!isSameShape(found.shape, shape))
    throw new ShapeError(op, argument, `of shape [${shape.join(', ')}]`, found.shape);
  return found;
}

/** As `cpuTensor`, without gaps between its rows: what in-place ops write to. */
export function contiguous(op: string, argument: string, tensor: Tensor, shape?: Shape): CpuTensor {
  const found = shape ? cpuTensorOf(op, argument, tensor, shape) : cpuTensor(op, argument, tensor);
  if (!found.isContiguous) throw new ShapeError(op, argument, 'contiguous', 'columns of a wider tensor');
  return found;
}

/** Copies rows of `width` elements between arrays. */
export function copyRows(from: Rows, to: Rows, rows: number, width: number): void {
  if (from.stride === width && to.stride === width) {
    to.data.set(from.data.subarray(from.offset, from.offset + rows * width), to.offset);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const begin = from.offset + row * from.stride;
    to.data.set(from.data.subarray(begin, begin + width), to.offset + row * to.stride);
  }
}
