import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { SyntheticTextEncoders } from '../synthetic/synthetic-text-encoders.ts';
import { FluxTextEncoders } from './flux-text-encoders.ts';
import { Sd3TextEncoders } from './sd3-text-encoders.ts';
import type { TextEncoderOptions, TextEncoders } from './text-encoders.ts';

interface Family {
  open(checkpoint: Checkpoint, options: TextEncoderOptions): Promise<TextEncoders>;
}

/** By `_class_name` of model_index.json. */
const FAMILIES: Readonly<Record<string, Family>> = {
  FluxPipeline: FluxTextEncoders,
  StableDiffusion3Pipeline: Sd3TextEncoders,
};

/** Opens the text side of a diffusers checkpoint: configs, tokenizers and tensor shapes, no weights. Throws CheckpointError. */
export async function openTextEncoders(
  checkpoint: Checkpoint,
  options: TextEncoderOptions = {},
): Promise<TextEncoders> {
  if (checkpoint.synthetic) return SyntheticTextEncoders.open(checkpoint, checkpoint.synthetic, options);
  const family = FAMILIES[checkpoint.pipelineClass];
  if (family) return family.open(checkpoint, options);
  const known = Object.keys(FAMILIES).join(', ');
  throw new CheckpointError(
    checkpoint.folder,
    `is a ${checkpoint.pipelineClass}; text encoders are supported for ${known}`,
  );
}
