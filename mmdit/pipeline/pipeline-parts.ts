import path from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';

export interface ListedParts {
  readonly family: 'flux' | 'sd3';
  readonly required: readonly string[];
  /** May be null in model_index.json. */
  readonly optional: readonly string[];
}

const COMMON = ['transformer', 'scheduler', 'vae', 'text_encoder', 'tokenizer', 'text_encoder_2', 'tokenizer_2'];

/** What model_index.json lists, by the pipeline's class. */
export const PIPELINE_PARTS: Readonly<Record<string, ListedParts>> = {
  FluxPipeline: { family: 'flux', required: COMMON, optional: [] },
  StableDiffusion3Pipeline: { family: 'sd3', required: COMMON, optional: ['text_encoder_3', 'tokenizer_3'] },
};

export const SUPPORTED_PIPELINES: readonly string[] = Object.keys(PIPELINE_PARTS);

/** Of safety checkers, of pictures as prompts (IP-Adapter), and of SDXL's empty prompts: none changes text to image here. */
const IGNORED = [
  'image_encoder',
  'feature_extractor',
  'safety_checker',
  'requires_safety_checker',
  'force_zeros_for_empty_prompt',
];

/** Fields that model_index.json has and that nothing is computed from. */
export function ignoredFields({ settings }: Checkpoint): readonly string[] {
  return [...settings.keys()].filter((name) => IGNORED.includes(name));
}

/** For a checkpoint of a pipeline that changes pictures; null for one of text to image. */
export function textToImageNotice({ listedClass, pipelineClass }: Checkpoint): string | null {
  if (listedClass === pipelineClass) return null;
  return `the checkpoint is a ${listedClass}; it is run as ${pipelineClass}, from text to image, without a picture to start from`;
}

/** Throws CheckpointError where model_index.json names a part or a setting that this pipeline class does not have. */
export function requireKnownParts({ folder, pipelineClass, settings }: Checkpoint): void {
  const parts = PIPELINE_PARTS[pipelineClass];
  if (!parts) return;
  const known = [...parts.required, ...parts.optional];
  const unknown = [...settings.keys()].find((name) => !known.includes(name) && !IGNORED.includes(name));
  if (unknown === undefined) return;
  throw new CheckpointError(
    path.join(folder, 'model_index.json'),
    `field "${unknown}" of ${pipelineClass} is not supported, found ${JSON.stringify(settings.get(unknown))}; this version knows ${known.join(', ')}`,
  );
}

/** Throws CheckpointError for another pipeline class, or one with parts or settings that are not computed here. */
export function requireSupported(checkpoint: Checkpoint): void {
  const { folder, pipelineClass } = checkpoint;
  if (!PIPELINE_PARTS[pipelineClass])
    throw new CheckpointError(folder, `is a ${pipelineClass}; supported here: ${SUPPORTED_PIPELINES.join(', ')}`);
  requireKnownParts(checkpoint);
}
