import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import {
  SyntheticTextEncoders,
  SyntheticTokenizers,
  syntheticTextTokens,
} from '../synthetic/synthetic-text-encoders.ts';
import { FluxTextEncoders } from './flux-text-encoders.ts';
import { FluxTokenizers, fluxTextTokens } from './flux-tokenizers.ts';
import { Sd3TextEncoders } from './sd3-text-encoders.ts';
import { Sd3Tokenizers, sd3TextTokens } from './sd3-tokenizers.ts';
import type { TextEncoderOptions, TextEncoders } from './text-encoders.ts';
import type { TextLength, TextTokenizers } from './text-tokenizers.ts';

interface Family {
  readTextTokens(checkpoint: Checkpoint, length: TextLength): Promise<number>;
  openTokenizers(checkpoint: Checkpoint, length: TextLength): Promise<TextTokenizers>;
  openEncoders(checkpoint: Checkpoint, options: TextEncoderOptions): Promise<TextEncoders>;
}

/** By `_class_name` of model_index.json. */
const FAMILIES: Readonly<Record<string, Family>> = {
  FluxPipeline: {
    readTextTokens: fluxTextTokens,
    openTokenizers: FluxTokenizers.open,
    openEncoders: FluxTextEncoders.open,
  },
  StableDiffusion3Pipeline: {
    readTextTokens: sd3TextTokens,
    openTokenizers: Sd3Tokenizers.open,
    openEncoders: Sd3TextEncoders.open,
  },
};

const SYNTHETIC: Family = {
  readTextTokens: syntheticTextTokens,
  openTokenizers: SyntheticTokenizers.open,
  openEncoders: SyntheticTextEncoders.open,
};

/** Tokens of the transformer's context, from configs alone. Throws CheckpointError. */
export async function readTextTokens(checkpoint: Checkpoint, length: TextLength = {}): Promise<number> {
  return familyOf(checkpoint).readTextTokens(checkpoint, length);
}

/** Opens the tokenizers of a diffusers checkpoint. Throws CheckpointError. */
export async function openTokenizers(checkpoint: Checkpoint, length: TextLength = {}): Promise<TextTokenizers> {
  return familyOf(checkpoint).openTokenizers(checkpoint, length);
}

/** Opens the text side of a diffusers checkpoint: configs, tokenizers and tensor shapes, no weights. Throws CheckpointError. */
export async function openTextEncoders(
  checkpoint: Checkpoint,
  options: TextEncoderOptions = {},
): Promise<TextEncoders> {
  return familyOf(checkpoint).openEncoders(checkpoint, options);
}

function familyOf({ synthetic, pipelineClass, folder }: Checkpoint): Family {
  const family = synthetic ? SYNTHETIC : FAMILIES[pipelineClass];
  if (family) return family;
  const known = Object.keys(FAMILIES).join(', ');
  throw new CheckpointError(folder, `is a ${pipelineClass}; text encoders are supported for ${known}`);
}
