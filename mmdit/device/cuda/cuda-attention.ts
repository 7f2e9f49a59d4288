import {
  CUDA_DTYPES,
  type CudaAttentionShape,
  type CudaHeads,
  cudaMaxCandidates,
  cudaMaxReferences,
} from '../../../native-kernels/index.ts';
import { tokenCount } from '../../attention/token-layout.ts';
import type {
  AttentionErrorSums,
  AttentionInput,
  AttentionMap,
  AttentionMapCall,
  Device,
  MeasureAttentionCall,
  Tensor,
} from '../device.ts';
import { candidateWindows } from '../head-plan.ts';
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

/** One measuring call of the kernel. */
interface MeasuredPart {
  /** Ascending. */
  readonly halfWindows: Int32Array;
  readonly residuals: readonly (CudaHeads | null)[];
  readonly references: readonly CudaHeads[];
}

/** The kernel takes a few candidates and references per walk, windows in ascending order; more take more walks. */
export async function measureInCalls(
  { batch, heads, dim }: CudaAttentionShape,
  { layout, fractions, residuals, references }: MeasureAttentionCall,
  place: (name: string, tensor: Tensor) => CudaHeads,
  ask: (part: MeasuredPart) => Promise<ArrayBuffer>,
): Promise<AttentionErrorSums> {
  const windows = candidateWindows(fractions, layout);
  const ascending = [...windows.keys()].sort((a, b) => windows[a]! - windows[b]!);
  const candidateChunks = chunks(ascending, cudaMaxCandidates());
  const referenceChunks = chunks([...references.keys()], cudaMaxReferences());
  const parts = Array.from({ length: Math.max(candidateChunks.length, referenceChunks.length) }, (_, n) => ({
    candidates: candidateChunks[n] ?? [],
    references: referenceChunks[n] ?? [],
  }));
  const residualOf = (candidate: number) => residuals.get(fractions[candidate]!);
  // Enqueued together: the answers come together too.
  const answers = parts.map(async (part) => {
    const answer = await ask({
      halfWindows: Int32Array.from(part.candidates, (n) => windows[n]!),
      residuals: part.candidates.map((n) => {
        const residual = residualOf(n);
        return residual ? place('residual', residual) : null;
      }),
      references: part.references.map((n) => place('reference', references[n]!)),
    });
    const values = 2 + 2 * part.candidates.length + part.references.length;
    const sums = new Float64Array(answer);
    const column = (value: number) => Float64Array.from({ length: heads }, (_, head) => sums[head * values + value]!);
    return { ...part, column };
  });
  const arrow: Float64Array[] = [];
  const withResidual: (Float64Array | null)[] = [];
  const others: Float64Array[] = [];
  const results = await Promise.all(answers);
  for (const { candidates, references: compared, column } of results) {
    for (const [at, n] of candidates.entries()) {
      arrow[n] = column(2 + at);
      withResidual[n] = residualOf(n) ? column(2 + candidates.length + at) : null;
    }
    for (const [at, n] of compared.entries()) others[n] = column(2 + 2 * candidates.length + at);
  }
  const { column } = results[0]!;
  return {
    count: batch * tokenCount(layout) * dim,
    sum: column(0),
    sumOfSquares: column(1),
    ...{ arrow, withResidual, references: others },
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
