import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Device } from '../device/device.ts';
import { FluxPipeline } from './flux-pipeline.ts';
import type { Pipeline } from './pipeline.ts';
import { type OpenedWith, openedWith, type PipelineOptions } from './pipeline-options.ts';
import { requireKnownParts } from './pipeline-parts.ts';
import { Sd3Pipeline } from './sd3-pipeline.ts';

type Open = (checkpoint: Checkpoint, device: Device, options: OpenedWith) => Promise<Pipeline>;

/** By `_class_name` of model_index.json. */
const PIPELINES: Readonly<Record<string, Open>> = {
  FluxPipeline: FluxPipeline.open,
  StableDiffusion3Pipeline: Sd3Pipeline.open,
};

export const SUPPORTED_PIPELINES: readonly string[] = Object.keys(PIPELINES);

/** Opens a diffusers folder. Throws CheckpointError naming the file and what is wrong or not supported, OnnxWishError. */
export async function openPipeline(folder: string, device: Device, options: PipelineOptions = {}): Promise<Pipeline> {
  const checkpoint = await Checkpoint.open(folder);
  const open = PIPELINES[checkpoint.pipelineClass];
  if (open) {
    requireKnownParts(checkpoint);
    return open(checkpoint, device, openedWith(options));
  }
  throw new CheckpointError(
    checkpoint.folder,
    `is a ${checkpoint.pipelineClass}; supported here: ${SUPPORTED_PIPELINES.join(', ')}`,
  );
}
