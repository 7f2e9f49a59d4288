import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ComponentConfig } from '../checkpoint/component-config.ts';
import type { FluxConfig } from '../models/flux-config.ts';
import type { Sd3Config } from '../models/sd3-config.ts';
import { readClipConfig } from '../text/clip-config.ts';
import { readT5Config } from '../text/t5-config.ts';

/** FLUX's context is as wide as T5, its pooled vector as CLIP. Throws CheckpointError. */
export async function requireFluxTextWidths(checkpoint: Checkpoint, config: FluxConfig): Promise<void> {
  if (checkpoint.synthetic) return;
  const clip = await checkpoint.config('text_encoder');
  requireWidth(clip, 'hidden_size', readClipConfig(clip).channels, 'pooled_projection_dim', config.pooledChannels);
  const t5 = await checkpoint.config('text_encoder_2');
  requireWidth(t5, 'd_model', readT5Config(t5).channels, 'joint_attention_dim', config.contextChannels);
}

/** SD3's context is as wide as T5 and at least as both CLIPs, its pooled vector as their projections. Throws CheckpointError. */
export async function requireSd3TextWidths(checkpoint: Checkpoint, config: Sd3Config): Promise<void> {
  if (checkpoint.synthetic) return;
  const clips = [await checkpoint.config('text_encoder'), await checkpoint.config('text_encoder_2')] as const;
  const [first, second] = [readClipConfig(clips[0]), readClipConfig(clips[1])];
  const left = config.pooledChannels - (first.projection ?? 0);
  requireWidth(clips[1], 'projection_dim', second.projection ?? 0, 'pooled_projection_dim without text_encoder', left);
  if (first.channels + second.channels > config.contextChannels) {
    throw new CheckpointError(
      clips[1].configFile,
      `field "hidden_size" is ${second.channels}; with text_encoder's ${first.channels} that is more than the transformer's joint_attention_dim ${config.contextChannels}`,
    );
  }
  if (!checkpoint.components.has('text_encoder_3')) return;
  const t5 = await checkpoint.config('text_encoder_3');
  requireWidth(t5, 'd_model', readT5Config(t5).channels, 'joint_attention_dim', config.contextChannels);
}

function requireWidth(encoder: ComponentConfig, field: string, found: number, asked: string, expected: number): void {
  if (found === expected) return;
  throw new CheckpointError(
    encoder.configFile,
    `field "${field}" is ${found}; the transformer's ${asked} is ${expected}, so this text encoder belongs to another model`,
  );
}
