import { z } from 'zod';
import * as field from './fields.ts';

/** What the window remembers of itself; the host keeps it and looks at nothing but its size. */
const layoutValue = z.union([z.number(), z.boolean(), z.string().max(1024), z.array(z.number()).max(32)]);

export const settings = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  /** null: the demo. */
  model: field.modelId.nullable(),
  samples: field.samples,
  /** Of all samples, where the model takes one; empty for none. */
  negativePrompt: field.prompt,
  /** null: the model's own. */
  sampling: field.sampling.nullable(),
  delta: field.delta,
  headConstraint: field.headConstraint,
  granularity: field.granularity,
  candidates: field.candidates,
  cost: field.costSource,
  /** What computes: `auto`, `cpu`, `cuda:0`, `cuda:0+fp8` … */
  device: field.deviceName,
  /** The run that was open last. */
  openRun: field.runId.nullable(),
  layout: z.record(z.string().min(1).max(64), layoutValue).refine((value) => Object.keys(value).length <= 128, {
    error: 'expected at most 128 entries',
  }),
});

/** Fields to replace; the others stay. */
export const settingsChanges = settings.partial();
