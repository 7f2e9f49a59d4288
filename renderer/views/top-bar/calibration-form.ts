import type { CostSource, Granularity, JobRequest, Sample, Sampling } from '../../../electron/contract.ts';

/** What the Calibrate dialog holds, as typed. */
export interface CalibrationForm {
  readonly name: string;
  /** One per line. */
  readonly prompts: string;
  /** Separated by commas or spaces. */
  readonly seeds: string;
  /** Of all prompts; empty for none. */
  readonly negativePrompt: string;
  readonly delta: number;
  readonly headConstraint: number | null;
  readonly granularity: Granularity;
  readonly candidates: readonly string[];
  readonly cost: CostSource;
  /** Whether the pictures of the top bar are made and compared afterwards. */
  readonly evaluate: boolean;
}

/** By field, what is wrong with it. */
export type FormProblems = Partial<Record<'prompts' | 'seeds' | 'candidates', string>>;

/** Lines that are not empty, each once. */
export function parsePrompts(text: string): string[] {
  return [...new Set(text.split('\n').map((line) => line.trim()))].filter((line) => line !== '');
}

/** null where something is no seed. */
export function parseSeeds(text: string): number[] | null {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const seeds = words.map(Number);
  return seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0) ? [...new Set(seeds)] : null;
}

export function formProblems({ prompts, seeds, candidates }: CalibrationForm): FormProblems {
  const problems: FormProblems = {};
  if (parsePrompts(prompts).length === 0) problems.prompts = 'At least one prompt is needed';
  const parsed = parseSeeds(seeds);
  if (parsed === null) problems.seeds = 'Whole numbers from 0 are needed, such as 0, 1, 2';
  else if (parsed.length === 0) problems.seeds = 'At least one seed is needed';
  if (candidates.length === 0) problems.candidates = 'At least one candidate is needed';
  return problems;
}

interface Circumstances {
  /** null: the demo. */
  readonly model: string | null;
  readonly sampling: Sampling;
  readonly samples: readonly Sample[];
}

/** null while the form has problems. */
export function calibrationRequest(
  form: CalibrationForm,
  { model, sampling, samples }: Circumstances,
): JobRequest | null {
  const seeds = parseSeeds(form.seeds);
  if (seeds === null || Object.keys(formProblems(form)).length > 0) return null;
  const name = form.name.trim();
  return {
    kind: 'calibrate',
    ...(name === '' ? {} : { name }),
    model,
    prompts: parsePrompts(form.prompts),
    seeds,
    ...(form.negativePrompt.trim() === '' ? {} : { negativePrompt: form.negativePrompt }),
    sampling,
    delta: form.delta,
    headConstraint: form.headConstraint,
    granularity: form.granularity,
    candidates: [...form.candidates],
    cost: form.cost,
    evaluate: form.evaluate ? [...samples] : [],
  };
}

const ARROW = /^(?:arrow\/|1\/)?([1-9]\d{0,3})$/;

/** "64", "1/64" or "arrow/64" as the window's fraction; null where it is none. */
export function parseFraction(text: string): number | null {
  const match = ARROW.exec(text.trim());
  return match ? Number(match[1]) : null;
}
