import {
  CUDA_DTYPES,
  type CudaAttentionShape,
  type CudaHeads,
  cudaMaxCandidates,
} from '../../../native-kernels/index.ts';
import { tokenCount } from '../../attention/token-layout.ts';
import type {
  AttentionErrorSums,
  AttentionInput,
  AttentionMap,
  AttentionMapCall,
  Device,
  MeasureAttentionCall,
} from '../device.ts';
import { candidateWindows } from '../half-windows.ts';
import { ShapeError } from '../shape-error.ts';
import { headsPlace } from './cuda-tensor.ts';

type CudaAttentionInput = CudaAttentionShape & { q: CudaHeads; k: CudaHeads; v: CudaHeads };

/** The kernels' arguments for q, k, v [B, N, H, D]. Throws ShapeError, UnsupportedBlockError. */
export function attentionShape(device: Device, op: string, call: AttentionInput): CudaAttentionInput {
  const { shape } = call.q;
  const [batch = 0, tokens, heads = 0, dim = 0] = shape;
  const { text, image, order } = call.layout;
  if (shape.length !== 4 || tokens !== tokenCount(call.layout))
    throw new ShapeError(op, 'q', `of shape [B, ${tokenCount(call.layout)}, H, D]`, shape);
  device.requireBlock(call.block, dim);
  return {
    ...{ batch, heads, dim, text, image, textFirst: order === 'text-first', scale: 1 / Math.sqrt(dim) },
    dtype: CUDA_DTYPES.bf16,
    q: headsPlace(op, 'q', call.q, shape),
    k: headsPlace(op, 'k', call.k, shape),
    v: headsPlace(op, 'v', call.v, shape),
  };
}

/** The kernel takes a few candidates per walk, in ascending order; more take more walks. */
export async function measureInCalls(
  { batch, heads, dim }: CudaAttentionShape,
  { layout, fractions }: MeasureAttentionCall,
  hasPrevious: boolean,
  ask: (halfWindows: Int32Array) => Promise<ArrayBuffer>,
): Promise<AttentionErrorSums> {
  const windows = candidateWindows(fractions, layout);
  const ascending = [...windows.keys()].sort((a, b) => windows[a]! - windows[b]!);
  // Enqueued together: the answers come together too.
  const answers = chunks(ascending, cudaMaxCandidates()).map(async (chunk) => ({
    chunk,
    sums: new Float64Array(await ask(Int32Array.from(chunk, (n) => windows[n]!))),
  }));
  const perHead = (pick: (head: number) => number) => Float64Array.from({ length: heads }, (_, head) => pick(head));
  const arrow: Float64Array[] = [];
  const results = await Promise.all(answers);
  for (const { chunk, sums } of results)
    for (const [at, n] of chunk.entries()) arrow[n] = perHead((head) => sums[head * (chunk.length + 3) + 3 + at]!);
  const first = results[0]!;
  const column = (value: number) => perHead((head) => first.sums[head * (first.chunk.length + 3) + value]!);
  return {
    count: batch * tokenCount(layout) * dim,
    sum: column(0),
    sumOfSquares: column(1),
    arrow,
    cached: hasPrevious ? column(2) : null,
  };
}

export async function mapAttention(
  { layout, fractions, cell }: AttentionMapCall,
  ask: (halfWindows: Int32Array) => Promise<ArrayBuffer>,
): Promise<AttentionMap> {
  const most = cudaMaxCandidates();
  const windows = chunks([...candidateWindows(fractions, layout)], most);
  const answers = await Promise.all(windows.map((chunk) => ask(Int32Array.from(chunk))));
  const keptMass = answers.flatMap((answer, n) => [...new Float64Array(answer, 0, windows[n]!.length)]);
  const size = Math.ceil(tokenCount(layout) / cell);
  return { size, values: new Float32Array(answers[0]!, most * Float64Array.BYTES_PER_ELEMENT), keptMass };
}

/** At least one, so that a call without windows is made too. */
function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, n) => items.slice(n * size, (n + 1) * size));
}
