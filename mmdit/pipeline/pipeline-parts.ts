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

/** Read for pictures as prompts (IP-Adapter) alone, which diffusers asks for in a call. */
const UNUSED = ['image_encoder', 'feature_extractor'];

/** Throws CheckpointError where model_index.json names a part or a setting that this pipeline class does not have. */
export function requireKnownParts({ folder, pipelineClass, settings }: Checkpoint): void {
  const parts = PIPELINE_PARTS[pipelineClass];
  if (!parts) return;
  const known = [...parts.required, ...parts.optional];
  const unknown = [...settings.keys()].find((name) => !known.includes(name) && !UNUSED.includes(name));
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
