import path from 'node:path';
import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readFields } from '../checkpoint/read-fields.ts';
import { readJson } from '../checkpoint/read-json.ts';

export const FLOW_MATCH_EULER = 'FlowMatchEulerDiscreteScheduler';

/** diffusers' fields and defaults; what is not computed here must have the value that turns it off. */
const fields = {
  num_train_timesteps: z.number().int().min(1).max(1_000_000).default(1000),
  shift: z.number().positive().default(1),
  use_dynamic_shifting: z.boolean().default(false),
  base_shift: z.number().default(0.5),
  max_shift: z.number().default(1.15),
  base_image_seq_len: z.number().int().default(256),
  max_image_seq_len: z.number().int().default(4096),
  time_shift_type: z.enum(['exponential', 'linear']).default('exponential'),
  invert_sigmas: z.literal(false).default(false),
  shift_terminal: z.null().default(null),
  use_karras_sigmas: z.literal(false).default(false),
  use_exponential_sigmas: z.literal(false).default(false),
  use_beta_sigmas: z.literal(false).default(false),
  stochastic_sampling: z.literal(false).default(false),
};

export type FlowMatchConfig = Readonly<z.output<z.ZodObject<typeof fields>>>;

/** Reads scheduler_config.json. Throws CheckpointError for another scheduler, and for every field or value not computed here. */
export async function readFlowMatchConfig(file: string): Promise<FlowMatchConfig> {
  const raw = await readJson(file, z.record(z.string(), z.unknown()));
  if (raw._class_name !== FLOW_MATCH_EULER)
    throw new CheckpointError(
      file,
      `describes the scheduler ${String(raw._class_name)}; supported: ${FLOW_MATCH_EULER}`,
    );
  const config = readFields(file, FLOW_MATCH_EULER, raw, fields);
  if (config.use_dynamic_shifting) requireShifts(file, config);
  return config;
}

/** The scheduler of a pipeline folder. Throws CheckpointError. */
export async function readScheduler(checkpoint: Checkpoint): Promise<FlowMatchConfig> {
  return readFlowMatchConfig(path.join(await checkpoint.folderOf('scheduler'), 'scheduler_config.json'));
}

/** Dynamic shifting goes along a line through two points. */
function requireShifts(file: string, { base_image_seq_len, max_image_seq_len }: FlowMatchConfig): void {
  if (base_image_seq_len !== max_image_seq_len) return;
  throw new CheckpointError(
    file,
    `fields "base_image_seq_len" and "max_image_seq_len" are both ${base_image_seq_len}; dynamic shifting needs two lengths`,
  );
}
