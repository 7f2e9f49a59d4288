import {
  CUDA_DTYPE_BYTES,
  CUDA_DTYPES,
  type CudaPlace,
  type CudaQkvPart,
  type CudaRows,
} from '../../../native-kernels/index.ts';
import type { JointQkv, NeededHeads, QkvStream, Tensor } from '../device.ts';
import { requireRange } from '../shape.ts';
import { ShapeError } from '../shape-error.ts';
import { CudaTensor, contiguous, cudaTensor, type Quantised, requireRank3 } from './cuda-tensor.ts';

const OP = 'projectQkv';

/** One stream's products. */
export interface QkvProjection {
  readonly shape: {
    readonly inner: number;
    readonly heads: number;
    readonly dim: number;
    readonly dtype: number;
    readonly outDtype: number;
  };
  /** What is multiplied: in fp8 where the device keeps it so. */
  readonly weight: CudaTensor;
  /** One for each sample of the batch: its rows of the joint tensor follow each other. */
  parts(weight: CudaRows): CudaQkvPart[];
}

/** Throws ShapeError where a stream does not fit the joint tensors. `quantise` gives a tensor in fp8. */
export function qkvProjection(
  stream: QkvStream,
  { q }: JointQkv,
  needed: NeededHeads | null,
  quantise: (x: CudaTensor) => Quantised,
): QkvProjection {
  const { tokenOffset } = stream;
  const x = cudaTensor(OP, 'x', stream.x);
  const [batch, tokens, inner] = requireRank3(OP, x);
  const [jointBatch, jointTokens = 0, heads = 0, dim = 0] = q.shape;
  const width = 3 * heads * dim;
  if (!(q instanceof CudaTensor) || q.tokenStride !== width || q.released || jointBatch !== batch)
    throw new ShapeError(OP, 'to', `made by allocateJoint for a batch of ${batch}`, q.shape);
  requireRange(OP, tokenOffset, tokenOffset + tokens, jointTokens);
  const weight = contiguous(OP, 'weight', stream.weight, [width, inner]);
  const own = weight.quantised && quantise(x);
  const values = own ? own.values : x;
  const vector = (name: string, tensor: Tensor | null, length: number) =>
    tensor && contiguous(OP, name, tensor, [length]).place;
  const common = {
    ...{ rows: tokens, bias: vector('bias', stream.bias, width) },
    ...{ normQ: vector('normQ', stream.normQ, dim), normK: vector('normK', stream.normK, dim) },
    rope: stream.rope && turnsTable(stream.rope, tokens, dim),
    weightScales: weight.quantised?.scales.place ?? null,
  };
  return {
    shape: { inner, heads, dim, dtype: values.dtypeCode, outDtype: q.dtypeCode },
    weight: weight.quantised?.values ?? weight,
    parts: (rows) =>
      Array.from({ length: batch }, (_, sample) => ({
        ...{ ...common, weight: rows },
        x: { ...after(values, sample * tokens * values.stride), stride: values.stride },
        xScales: own && after(own.scales, sample * tokens),
        out: { ...after(q, (sample * jointTokens + tokenOffset) * width), stride: width },
        needed: needed && Uint8Array.from({ length: heads }, (_, head) => (needed(head, sample, batch) ? 1 : 0)),
      })),
  };
}

function after({ place, dtype }: CudaTensor, elements: number): CudaPlace {
  return { ...place, offset: place.offset + elements * CUDA_DTYPE_BYTES[dtype] };
}

function turnsTable(rope: Tensor, tokens: number, dim: number): CudaPlace {
  const table = contiguous(OP, 'rope', rope, [tokens, dim / 2, 2]);
  if (table.dtypeCode !== CUDA_DTYPES.f32) throw new ShapeError(OP, 'rope', 'made by uploadExact', 'rounded values');
  return table.place;
}
