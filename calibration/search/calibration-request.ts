import {
  CACHED,
  FULL,
  formatMethod,
  type HeadMethod,
  residualFractions,
  sharesGuidance,
} from '../../mmdit/attention/method.ts';
import type { BlockSize } from '../../mmdit/attention/token-layout.ts';
import type { AttentionLayer } from '../../mmdit/models/mmdit-model.ts';
import type { Pipeline, Sample, Sampling } from '../../mmdit/pipeline/pipeline.ts';
import { CalibrationError, CalibrationRequestError } from '../calibration-error.ts';
import type { Savings } from '../cost/savings.ts';
import type { TableSampling } from '../rse/rse-table.ts';
import { type PlanBounds, requireBudget } from '../solver/solve-plan.ts';
import type { SearchSettings } from './search-settings.ts';

export interface CalibrationRequest extends PlanBounds {
  /** DiTFastAttn's greedy search by this threshold, layer by layer, in the place of δ and c. */
  readonly threshold?: number | undefined;
  /** Every prompt is run with every seed; all of them in one batch. */
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  /** Of all prompts; of no effect, and not recorded, where the model takes none at this guidance. */
  readonly negativePrompt?: string;
  readonly sampling: Sampling;
  /** Methods offered beside `full`. */
  readonly candidates: readonly HeadMethod[];
  /** Default `flops`. `measured` times the methods on the device first. */
  readonly cost?: { readonly source: 'flops' | 'measured' } | Extract<Savings, { source: 'file' }>;
  /** Default: the device's own for this head dim. */
  readonly block?: BlockSize;
}

/** A request with everything that model and device add to it. */
export interface CalibrationSetup {
  readonly request: CalibrationRequest;
  readonly samples: readonly Sample[];
  readonly sampling: TableSampling;
  readonly settings: SearchSettings;
  readonly layers: readonly string[];
  readonly heads: number;
  /** Every sample runs twice, for classifier-free guidance. */
  readonly isGuided: boolean;
  /** `full`, then the candidates in the order asked for, `cached` last. */
  readonly methods: readonly HeadMethod[];
}

/** Throws CalibrationError, SamplingError or UnsupportedBlockError where this cannot be calibrated. */
export function prepareCalibration(pipeline: Pipeline, request: CalibrationRequest): CalibrationSetup {
  requireBudget(request);
  requireThreshold(request);
  requireSome('prompts', request.prompts);
  requireSome('seeds', request.seeds);
  const { heads, headDim } = requireUniform(pipeline.layers);
  const block = request.block ?? pipeline.device.preferredBlock(headDim);
  pipeline.device.requireBlock(block, headDim);
  const description = pipeline.describeSampling(request.sampling);
  const { scheduler, steps, guidance, width, height, textTokens, imageTokens, tokenOrder, layouts } = description;
  const negative = negativeOf(pipeline, request);
  const samples = request.prompts.flatMap((prompt) => request.seeds.map((seed) => ({ prompt, seed, ...negative })));
  const methods = orderedMethods(request.candidates);
  requireGuidance(pipeline, request);
  const isGuided = pipeline.usesNegativePrompts(request.sampling);
  const kept = heads * headDim * (1 + residualFractions(methods).length);
  requireMemory(pipeline, description.layouts, samples.length, kept * (isGuided ? 2 : 1));
  return {
    request,
    samples,
    sampling: {
      scheduler,
      steps,
      guidance,
      width,
      height,
      textTokens,
      imageTokens,
      tokenOrder,
      block: [block[0], block[1]],
      headDim,
      layouts: layouts.map(({ text, image, order }) => ({ text, image, order })),
    },
    settings: {
      ...boundsOf(request),
      candidates: request.candidates.map(formatMethod),
      prompts: [...request.prompts],
      seeds: [...request.seeds],
      cost: request.cost?.source ?? 'flops',
      device: pipeline.device.info.name,
      ...negative,
    },
    layers: pipeline.layers.map(({ name }) => name),
    heads,
    isGuided,
    methods,
  };
}

/** What decides what heads do, as files record it. */
export function boundsOf(request: Pick<CalibrationRequest, 'threshold'> & PlanBounds) {
  const { delta, headConstraint, granularity, threshold } = request;
  if (threshold === undefined) return { delta, headConstraint, ...(granularity === 'layer' && { granularity }) };
  const layerwise = { delta: 0, headConstraint: null, granularity: 'layer' } as const;
  return { ...layerwise, algorithm: 'ditfastattn', threshold } as const;
}

function requireThreshold({ threshold }: CalibrationRequest): void {
  if (threshold === undefined || (Number.isFinite(threshold) && threshold >= 0)) return;
  throw new CalibrationRequestError(`threshold: expected a finite number of at least 0, found ${threshold}`);
}

function negativeOf(
  pipeline: Pipeline,
  { negativePrompt = '', sampling }: CalibrationRequest,
): { readonly negativePrompt?: string } {
  return negativePrompt !== '' && pipeline.usesNegativePrompts(sampling) ? { negativePrompt } : {};
}

function orderedMethods(candidates: readonly HeadMethod[]): readonly HeadMethod[] {
  const names = candidates.map(formatMethod);
  requireSome('candidates', names);
  if (names.includes('full')) throw new CalibrationRequestError('candidates: "full" is always offered; leave it out');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new CalibrationRequestError(`candidates: expected distinct methods, found "${twice}" twice`);
  const computed = candidates.filter(({ kind }) => kind !== 'cached');
  return [FULL, ...computed, ...(names.includes('cached') ? [CACHED] : [])];
}

/** Why a run has no classifier-free guidance; null where it has. */
export function whyUnguided(pipeline: Pipeline, sampling: Sampling): string | null {
  if (pipeline.usesNegativePrompts(sampling)) return null;
  const { family, name } = pipeline.identity;
  const from = pipeline.negativePromptsAbove;
  return from === null
    ? `${name} (${family}) has its guidance built in`
    : `guidance is ${sampling.guidance}; it begins above ${from}`;
}

/** Sharing between the two halves of classifier-free guidance needs the two. Throws CalibrationRequestError. */
export function requireGuidance(
  pipeline: Pipeline,
  { candidates, sampling }: Pick<CalibrationRequest, 'candidates' | 'sampling'>,
): void {
  const shared = candidates.find(sharesGuidance);
  const why = whyUnguided(pipeline, sampling);
  if (!shared || why === null) return;
  throw new CalibrationRequestError(
    `candidates: ${formatMethod(shared)} shares attention between the two halves of classifier-free guidance, which this run does not have: ${why}. Leave out the candidates with cfg`,
  );
}

function requireSome(field: string, values: readonly unknown[]): void {
  if (values.length === 0) throw new CalibrationRequestError(`${field}: expected at least one, found none`);
}

/** An RSE table is one tensor: every layer has as many heads. */
function requireUniform(layers: readonly AttentionLayer[]): { heads: number; headDim: number } {
  const first = layers[0];
  if (!first) throw new CalibrationError('The model has no attention layers to calibrate');
  const other = layers.find(({ heads, headDim }) => heads !== first.heads || headDim !== first.headDim);
  if (other) {
    throw new CalibrationError(
      `Layer ${other.name} has ${other.heads} heads × ${other.headDim}, ${first.name} has ${first.heads} × ${first.headDim}; calibration needs equal layers`,
    );
  }
  return { heads: first.heads, headDim: first.headDim };
}

const BYTES = { f32: 4, bf16: 2, f16: 2 } as const;

/** Every layer's output and residuals, `channels` wide together, stay on the device from step to step, for all samples. */
function requireMemory(
  { device }: Pipeline,
  layouts: readonly { readonly text: number; readonly image: number }[],
  samples: number,
  channels: number,
): void {
  const { computeDtype, name } = device.info;
  const { freeBytes } = device;
  const tokens = layouts.reduce((sum, { text, image }) => sum + text + image, 0);
  const needed = tokens * channels * BYTES[computeDtype] * samples;
  if (needed <= freeBytes) return;
  const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw new CalibrationError(
    `${samples} pictures at once keep ${gibibytes(needed)} of attention outputs; ${name} has ${gibibytes(freeBytes)} free. Calibrate with fewer prompts or seeds, or a smaller size`,
  );
}
