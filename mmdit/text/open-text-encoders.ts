import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { FluxTextEncoders } from './flux-text-encoders.ts';
import type { TextEncoderOptions, TextEncoders } from './text-encoders.ts';

/** Opens the text side of a diffusers checkpoint: configs, tokenizers and tensor shapes, no weights. Throws CheckpointError. */
export async function openTextEncoders(
  checkpoint: Checkpoint,
  options: TextEncoderOptions = {},
): Promise<TextEncoders> {
  if (checkpoint.pipelineClass === 'FluxPipeline') return FluxTextEncoders.open(checkpoint, options);
  throw new CheckpointError(
    checkpoint.folder,
    `is a ${checkpoint.pipelineClass}; text encoders are supported for FluxPipeline`,
  );
}
