import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import { readSd3Config, type Sd3Config } from '../models/sd3-config.ts';
import { sd3Shape } from '../models/sd3-shape.ts';
import { textToImageNotice } from '../pipeline/pipeline-parts.ts';
import { readSamplingDefaults } from '../pipeline/sampling-defaults.ts';
import { readScheduler } from '../schedulers/flow-match-config.ts';
import { readTextTokens } from '../text/open-text-encoders.ts';
import type { TextLength } from '../text/text-tokenizers.ts';
import { pixelsPerLatent, readVaeConfig } from '../vae/vae-config.ts';
import type { ModelFacts } from './described-model.ts';
import { requireSd3TextWidths } from './require-text-widths.ts';

/** StableDiffusion3Pipeline's own where a checkpoint says nothing. */
const FAMILY_DEFAULTS = { steps: 28, guidance: 7 };

/** Of a StableDiffusion3Pipeline whose transformer is `transformer`. Throws CheckpointError. */
export async function describeSd3(
  checkpoint: Checkpoint,
  transformer: Component,
  length: TextLength,
): Promise<ModelFacts> {
  const config = readSd3Config(transformer);
  const scheduler = await readScheduler(checkpoint);
  const vae = readVaeConfig(await checkpoint.config('vae'));
  requireLatentChannels(transformer, config, vae.latentChannels);
  await requireSd3TextWidths(checkpoint, config);
  const { patch, maxSize, sampleSize } = config;
  const pixelsPerToken = patch * pixelsPerLatent(vae);
  const side = Math.min(Math.max(1, Math.floor(sampleSize / patch)), maxSize) * pixelsPerToken;
  return {
    identity: {
      family: 'sd3',
      name: checkpoint.name,
      fingerprint: await fingerprint(transformer),
    },
    defaults: await readSamplingDefaults(checkpoint.folder, { ...FAMILY_DEFAULTS, width: side, height: side }),
    shape: sd3Shape(config),
    notice: textToImageNotice(checkpoint),
    scheduler,
    textTokens: await readTextTokens(checkpoint, length),
    tokenOrder: 'image-first',
    patch,
    pixelsPerToken,
    maxGrid: maxSize,
    negativePromptsAbove: 1,
  };
}

function requireLatentChannels(
  { configFile }: Component,
  { inChannels, outChannels }: Sd3Config,
  latentChannels: number,
): void {
  if (inChannels === latentChannels && outChannels === latentChannels) return;
  throw new CheckpointError(
    configFile,
    `takes ${inChannels} channels and puts out ${outChannels}; its VAE has ${latentChannels} latent channels`,
  );
}
