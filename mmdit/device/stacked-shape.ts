import type { TensorSource } from '../checkpoint/tensor-source.ts';
import type { Shape } from './device.ts';
import { isSameShape } from './shape.ts';
import { ShapeError } from './shape-error.ts';

/** The shape of several weights stacked along axis 0. Throws ShapeError where they do not stack. */
export function stackedShape(sources: readonly TensorSource[]): Shape {
  const [first] = sources;
  if (!first) throw new ShapeError('loadWeight', 'sources', 'at least one tensor', 'none');
  if (sources.length === 1) return first.shape;
  const rest = first.shape.slice(1);
  for (const { name, shape } of sources) {
    if (shape.length !== first.shape.length || !isSameShape(rest, shape.slice(1)))
      throw new ShapeError('loadWeight', name, `[…, ${rest.join(', ')}] as ${first.name} is`, shape);
  }
  return [sources.reduce((rows, { shape }) => rows + (shape[0] ?? 1), 0), ...rest];
}
