import { type HeadMethod, residualFractions, sharesGuidance } from '../../mmdit/attention/method.ts';
import type { AttentionErrorSums, AttentionInput, Device, Tensor } from '../../mmdit/device/device.ts';
import type { CandidateErrors } from '../rse/relative-squared-error.ts';

/** What a layer kept of the steps before. */
export interface LayerPast {
  /** Its output. */
  readonly previous: Tensor;
  /** By window's fraction. */
  readonly residuals: ReadonlyMap<number, Tensor>;
}

/**
 * Every candidate against full attention on a layer's actual input. Arrows, residuals and `cached` cost one walk over the
 * keys together. Candidates that share guidance are first run on the guided half, then compared with the other half.
 */
export async function measureCandidates(
  device: Device,
  input: AttentionInput,
  past: LayerPast,
  candidates: readonly HeadMethod[],
): Promise<CandidateErrors> {
  const shared = candidates.filter(sharesGuidance);
  if (shared.length === 0) return errorsOf(await measure(device, input, past, candidates, []), candidates);
  const [unguided, guided] = halves(device, input, past);
  const outputs = shared.map((method) => alone(device, guided, method));
  try {
    // Enqueued together, so that the device has work while the first answer comes back.
    const [ofGuided, ofUnguided] = await Promise.all([
      measure(device, guided.input, guided.past, candidates, []),
      measure(device, unguided.input, unguided.past, candidates, outputs),
    ]);
    const own = errorsOf(ofGuided, candidates);
    const other = errorsOf(ofUnguided, candidates);
    const add = (a: Float64Array, b: Float64Array) => a.map((value, n) => value + b[n]!);
    return {
      count: own.count + other.count,
      sum: add(own.sum, other.sum),
      sumOfSquares: add(own.sumOfSquares, other.sumOfSquares),
      squaredErrors: candidates.map((method, n) => add(own.squaredErrors[n]!, otherErrors(method, n))),
    };

    /** What the unguided half gets instead of its own attention. */
    function otherErrors(method: HeadMethod, n: number): Float64Array {
      const at = shared.indexOf(method);
      return at < 0
        ? other.squaredErrors[n]!
        : ofUnguided.references[ofUnguided.references.length - shared.length + at]!;
    }
  } finally {
    device.release(...outputs, ...guided.views, ...unguided.views);
  }
}

interface Half {
  readonly input: AttentionInput;
  readonly past: LayerPast;
  readonly views: readonly Tensor[];
}

function halves(device: Device, input: AttentionInput, { previous, residuals }: LayerPast): [Half, Half] {
  const batch = input.q.shape[0] ?? 0;
  const half = (begin: number): Half => {
    const views: Tensor[] = [];
    const part = (tensor: Tensor): Tensor => {
      const view = device.samples(tensor, begin, begin + batch / 2);
      views.push(view);
      return view;
    };
    return {
      input: { ...input, q: part(input.q), k: part(input.k), v: part(input.v) },
      past: {
        previous: part(previous),
        residuals: new Map([...residuals].map(([fraction, residual]) => [fraction, part(residual)])),
      },
      views,
    };
  };
  return [half(0), half(batch / 2)];
}

/** What a sharing method puts out for the half that it computes. */
function alone(device: Device, { input, past }: Half, method: HeadMethod): Tensor {
  const own = withoutSharing(method);
  const [, , heads = 0] = input.q.shape;
  const out = device.allocate(input.q.shape);
  device.headwiseAttention({ ...input, out, methods: new Array(heads).fill(own), residuals: past.residuals });
  return out;
}

function withoutSharing(method: HeadMethod): HeadMethod {
  if (method.kind === 'cached') return method;
  const { sharesGuidance: _, ...own } = method;
  return own;
}

function measure(
  device: Device,
  input: AttentionInput,
  { previous, residuals }: LayerPast,
  candidates: readonly HeadMethod[],
  others: readonly Tensor[],
): Promise<AttentionErrorSums> {
  const added = new Set(residualFractions(candidates));
  return device.measureAttention({
    ...input,
    fractions: fractionsOf(candidates),
    residuals: new Map([...residuals].filter(([fraction]) => added.has(fraction))),
    references: [...(candidates.some(({ kind }) => kind === 'cached') ? [previous] : []), ...others],
  });
}

function fractionsOf(candidates: readonly HeadMethod[]): readonly number[] {
  return [...new Set(candidates.flatMap((method) => (method.kind === 'arrow' ? [method.fraction] : [])))];
}

/** Of each candidate where every sample is computed: `cached` is the first reference. */
function errorsOf(sums: AttentionErrorSums, candidates: readonly HeadMethod[]): CandidateErrors {
  const fractions = fractionsOf(candidates);
  const { count, sum, sumOfSquares, arrow, withResidual, references } = sums;
  const squaredErrors = candidates.map((method) => {
    if (method.kind === 'cached') return references[0]!;
    if (method.kind === 'full') return new Float64Array(sum.length);
    const at = fractions.indexOf(method.fraction);
    return method.residual ? (withResidual[at] ?? new Float64Array(sum.length).fill(Number.NaN)) : arrow[at]!;
  });
  return { count, sum, sumOfSquares, squaredErrors };
}
