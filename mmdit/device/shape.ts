import type { Shape } from './device.ts';
import { ShapeError } from './shape-error.ts';

/** Elements of a tensor. */
export function countOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** Throws ShapeError where [begin, end) is no part of 0 … length. */
export function requireRange(op: string, begin: number, end: number, length: number): void {
  if (Number.isInteger(begin) && Number.isInteger(end) && begin >= 0 && begin <= end && end <= length) return;
  throw new ShapeError(op, 'range', `within 0 … ${length}`, `${begin} … ${end}`);
}

/** Throws ShapeError for lengths that no tensor has. */
export function requireLengths(op: string, shape: Shape): void {
  if (shape.some((length) => !Number.isSafeInteger(length) || length < 0))
    throw new ShapeError(op, 'shape', 'made of natural numbers', shape);
}
