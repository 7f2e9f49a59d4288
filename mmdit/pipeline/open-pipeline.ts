import { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Device } from '../device/device.ts';
import { FluxPipeline } from './flux-pipeline.ts';
import type { Pipeline } from './pipeline.ts';
import { type OpenedWith, openedWith, type PipelineOptions } from './pipeline-options.ts';
import { PIPELINE_PARTS, requireSupported } from './pipeline-parts.ts';
import { Sd3Pipeline } from './sd3-pipeline.ts';

type Open = (checkpoint: Checkpoint, device: Device, options: OpenedWith) => Promise<Pipeline>;

const FAMILIES: Readonly<Record<'flux' | 'sd3', Open>> = { flux: FluxPipeline.open, sd3: Sd3Pipeline.open };

/**
 * Opens a diffusers folder. Throws CheckpointError naming the file and what is wrong or not supported, OnnxWishError, DeviceMemoryError,
 * or the signal's reason.
 */
export async function openPipeline(folder: string, device: Device, options: PipelineOptions = {}): Promise<Pipeline> {
  const checkpoint = await Checkpoint.open(folder);
  requireSupported(checkpoint);
  return FAMILIES[PIPELINE_PARTS[checkpoint.pipelineClass]!.family](checkpoint, device, openedWith(options));
}
