import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import { type FluxConfig, readFluxConfig } from '../models/flux-config.ts';
import { fluxShape } from '../models/flux-shape.ts';
import type { Sampling } from '../pipeline/pipeline.ts';
import { textToImageNotice } from '../pipeline/pipeline-parts.ts';
import { readNativeSize, readSamplingDefaults } from '../pipeline/sampling-defaults.ts';
import { readScheduler } from '../schedulers/flow-match-config.ts';
import { readTextTokens } from '../text/open-text-encoders.ts';
import type { TextLength } from '../text/text-tokenizers.ts';
import { pixelsPerLatent, readVaeConfig } from '../vae/vae-config.ts';
import type { ModelFacts } from './described-model.ts';
import { requireFluxTextWidths } from './require-text-widths.ts';

/** FLUX denoises 2×2 patches of latents. */
const PATCH = 2;
/** FluxPipeline.default_sample_size: latents per side where nothing says otherwise. */
const NATIVE_LATENTS = 128;

/** Of a FluxPipeline whose transformer is `transformer`. Throws CheckpointError. */
export async function describeFlux(
  checkpoint: Checkpoint,
  transformer: Component,
  length: TextLength,
): Promise<ModelFacts> {
  const config = readFluxConfig(transformer);
  const scheduler = await readScheduler(checkpoint);
  const vae = readVaeConfig(await checkpoint.config('vae'));
  requireLatentChannels(transformer, config, vae.latentChannels);
  await requireFluxTextWidths(checkpoint, config);
  const pixelsPerToken = PATCH * pixelsPerLatent(vae);
  return {
    identity: {
      family: 'flux',
      name: checkpoint.name,
      fingerprint: await fingerprint(transformer),
    },
    defaults: await readDefaults(checkpoint, config, pixelsPerToken),
    shape: fluxShape(config),
    notice: textToImageNotice(checkpoint),
    scheduler,
    textTokens: await readTextTokens(checkpoint, length),
    tokenOrder: 'text-first',
    patch: PATCH,
    pixelsPerToken,
    maxGrid: null,
    negativePromptsAbove: null,
  };
}

/** diffusers' own steps and guidance (those of its schnell example without guidance), at the VAE's native size. */
async function readDefaults(checkpoint: Checkpoint, config: FluxConfig, pixelsPerToken: number): Promise<Sampling> {
  const otherwise = (NATIVE_LATENTS / PATCH) * pixelsPerToken;
  const native = (await readNativeSize(await checkpoint.folderOf('vae'))) ?? otherwise;
  const size = Math.max(1, Math.floor(native / pixelsPerToken)) * pixelsPerToken;
  const ofFamily = config.hasGuidance ? { steps: 28, guidance: 3.5 } : { steps: 4, guidance: 0 };
  return readSamplingDefaults(checkpoint.folder, { ...ofFamily, width: size, height: size });
}

/** The transformer denoises patches of the VAE's latents, and nothing beside them (as FLUX Fill would). */
function requireLatentChannels(
  { configFile }: Component,
  { inChannels, outChannels }: FluxConfig,
  latentChannels: number,
): void {
  const expected = PATCH ** 2 * latentChannels;
  if (inChannels === expected && outChannels === expected) return;
  throw new CheckpointError(
    configFile,
    `takes ${inChannels} channels and puts out ${outChannels}; text to image with this VAE needs ${expected} (4 × its ${latentChannels} latent channels)`,
  );
}
