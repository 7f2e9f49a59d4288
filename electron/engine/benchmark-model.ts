import { planSparsity } from '../../calibration/cost/sparsity.ts';
import { requireGuidance } from '../../calibration/search/calibration-request.ts';
import { readScheme } from '../../calibration/scheme/scheme-file.ts';
import {
  type AttentionPlan,
  FULL,
  formatMethod,
  type HeadMethod,
  keptTensors,
  type Pipeline,
  PlanAttention,
  parseMethod,
  requirePlan,
  type SamplingDescription,
} from '../../mmdit/index.ts';
import { type ModelWish, withModel } from './open-model.ts';
import type { RunOptions } from './run-options.ts';
import { checkSampling, completeSampling, type SamplingWish } from './sampling-wish.ts';
import { prepareScheme } from './scheme-in-use.ts';

/** Methods that are timed where none are named; those that share guidance only where there is guidance. */
const USUAL = ['arrow/8', 'arrow/16', 'arrow/32', 'cached'];
const GUIDED = ['cfg', 'cfg+arrow/8'];
/** The first step is full under every plan, the second has first-call costs. */
const NOT_COUNTED = 2;
export const LEAST_BENCHMARK_STEPS = NOT_COUNTED + 1;
const PROMPT = 'a lighthouse at dusk';

export interface BenchmarkWish extends ModelWish {
  readonly sampling: SamplingWish;
  /** Beside `full`; the usual ones where absent. */
  readonly methods?: readonly HeadMethod[] | undefined;
  /** A *.scheme.json to time too. */
  readonly scheme?: string | undefined;
}

export interface BenchmarkRow {
  /** Of every head, or "scheme". */
  readonly method: string;
  /** Attention left out at the steps that were timed. */
  readonly sparsity: number;
  /** Median over those steps; for a scheme, whose steps differ, their mean. */
  readonly stepSeconds: number;
  /** Of a step, against full attention. */
  readonly speedUp: number;
}

export interface Benchmark {
  readonly model: string;
  readonly device: string;
  readonly steps: number;
  readonly width: number;
  readonly height: number;
  readonly guidance: number;
  readonly rows: readonly BenchmarkRow[];
}

/**
 * Times denoising steps of a model with every head under one method after the other, and under a scheme. Throws
 * SamplingError, PlanError for what the model cannot run, errors of the scheme, or the signal's reason.
 */
export async function benchmarkModel(wish: BenchmarkWish, options: RunOptions = {}): Promise<Benchmark> {
  const scheme = wish.scheme === undefined ? null : await readScheme(wish.scheme);
  return withModel(wish, options, async (pipeline) => {
    const sampling = checkSampling(pipeline, completeSampling(wish.sampling, scheme?.sampling ?? pipeline.defaults));
    const use = scheme && prepareScheme(scheme, pipeline, sampling, { force: true, onNotice: options.onNotice });
    const usual = pipeline.usesNegativePrompts(sampling) ? [...USUAL, ...GUIDED] : USUAL;
    requireGuidance(pipeline, { candidates: wish.methods ?? [], sampling });
    const methods = [FULL, ...(wish.methods ?? usual.map(parseMethod))];
    const plans = [
      ...methods.map((method) => ({ method: formatMethod(method), plan: uniformPlan(pipeline, sampling, method) })),
      ...(use ? [{ method: 'scheme', plan: use.plan }] : []),
    ];
    const rows: BenchmarkRow[] = [];
    for (const [index, { method, plan }] of plans.entries()) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ value: index / plans.length, title: 'Timing steps', detail: method });
      const seconds = await timeSteps(pipeline, sampling, plan, options.signal);
      const stepSeconds = method === 'scheme' ? mean(seconds) : median(seconds);
      const speedUp = (rows[0]?.stepSeconds ?? stepSeconds) / stepSeconds;
      rows.push({ method, sparsity: timedSparsity(pipeline, sampling, plan), stepSeconds, speedUp });
    }
    const { steps, width, height, guidance } = sampling;
    const { identity, device } = pipeline;
    const model = wish.model === undefined ? 'demo checkpoint' : identity.name;
    return { model, device: device.info.name, steps, width, height, guidance, rows };
  });
}

/** Every head by one method at every step but the first. */
function uniformPlan(pipeline: Pipeline, { steps }: SamplingDescription, method: HeadMethod): AttentionPlan {
  const { layers, device } = pipeline;
  const row = (choice: number) => layers.map(({ heads }) => new Array<number>(heads).fill(choice));
  return {
    block: device.preferredBlock(layers[0]?.headDim ?? 0),
    methods: [FULL, method],
    layers: layers.map(({ name }) => name),
    choices: Array.from({ length: steps }, (_, step) => row(step === 0 ? 0 : 1)),
  };
}

/** Seconds of each step that counts. */
async function timeSteps(
  pipeline: Pipeline,
  { steps, guidance, width, height }: SamplingDescription,
  plan: AttentionPlan,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const sampling = { steps, guidance, width, height };
  requirePlan(plan, pipeline.layers, steps, pipeline.device, pipeline.usesNegativePrompts(sampling));
  const attention = new PlanAttention(pipeline.device, pipeline.layers, plan);
  const seconds: number[] = [];
  let begun = 0;
  try {
    await pipeline.denoise({
      samples: [{ prompt: PROMPT, seed: 0 }],
      sampling,
      keptTensors: keptTensors(plan),
      attention: (step) => {
        begun = performance.now();
        return attention.step(step);
      },
      afterStep: () => void seconds.push((performance.now() - begun) / 1000),
      ...(signal && { signal }),
    });
  } finally {
    attention.close();
  }
  return seconds.slice(NOT_COUNTED);
}

function timedSparsity(pipeline: Pipeline, { layouts }: SamplingDescription, plan: AttentionPlan): number {
  const shape = { block: plan.block, headDim: pipeline.layers[0]?.headDim ?? 0, layouts };
  return planSparsity(plan.choices.slice(NOT_COUNTED), plan.methods, shape);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
