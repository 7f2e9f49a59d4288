import type { Shape, Tensor } from './device.ts';
import { countOf } from './shape.ts';

/** Row-major; rows of the last axis may lie `stride` elements apart, as columns of a wider tensor do. */
export abstract class StridedTensor implements Tensor {
  readonly shape: Shape;
  /** Elements from the buffer's start. */
  readonly offset: number;
  readonly stride: number;

  constructor(shape: Shape, offset: number, stride: number) {
    this.shape = shape;
    this.offset = offset;
    this.stride = stride;
  }

  /** Elements of the last axis. */
  get width(): number {
    return this.shape.at(-1) ?? 1;
  }

  get count(): number {
    return countOf(this.shape);
  }

  get rowCount(): number {
    return countOf(this.shape.slice(0, -1));
  }

  get isContiguous(): boolean {
    return this.stride === this.width || this.rowCount <= 1;
  }
}
