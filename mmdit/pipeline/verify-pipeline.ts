import { PlanAttention } from '../attention/plan-attention.ts';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Device } from '../device/device.ts';
import { type Deviation, deviation, type Verification } from '../models/deviation.ts';
import { EmbeddingFolder } from '../text/embedding-folder.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import type { TextEncoderOptions } from '../text/text-encoders.ts';
import { openPipeline } from './open-pipeline.ts';
import type { GenerateProgress, Pipeline, RgbImage } from './pipeline.ts';
import { PipelineDump } from './pipeline-dump.ts';

export interface VerifyPipelineOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: GenerateProgress) => void;
}

/** Takes what was computed, by the dump's name for it. */
type Take = (name: string, values: ArrayLike<number>) => void;

/**
 * Makes the picture that a dump of a diffusers pipeline recorded, from its prompt on, and compares everything that the
 * dump holds. Throws CheckpointError where folder, dump or their fit is wrong, SamplingError for a call that the model
 * cannot make, or the signal's reason.
 */
export async function verifyPipeline(
  folder: string,
  dumpFile: string,
  device: Device,
  options: VerifyPipelineOptions = {},
): Promise<Verification> {
  const dump = await PipelineDump.open(dumpFile);
  const { max_sequence_length: textTokens } = dump.call;
  // What was kept on disk earlier would prove nothing.
  const text = { embeddings: new EmbeddingFolder('nowhere', 0), ...(textTokens !== undefined && { textTokens }) };
  const computed = new Map<string, ArrayLike<number>>();
  const take: Take = (name, values) => void computed.set(name, values);
  if (['tokens', 'prompt', 'pooled', 'negative'].some((start) => dump.has(start)))
    await encode(await Checkpoint.open(folder), text, dump, take, options);
  if (dump.has('latents') || dump.has('image')) {
    const pipeline = await openPipeline(folder, device, text);
    try {
      await paint(pipeline, dump, take, options);
    } finally {
      await pipeline.close();
    }
  }
  const tensors: Record<string, Deviation> = {};
  for (const name of dump.references) {
    const values = await dump.read(name);
    const expected = name === 'image' ? Float32Array.from(values, asByte) : values;
    tensors[name] = deviation(dump.file, name, computed.get(name), expected);
  }
  return { device: device.info.name, tensors };
}

/** With text encoders of its own, closed before the transformer comes: a pipeline keeps its embeddings to itself. */
async function encode(
  checkpoint: Checkpoint,
  text: TextEncoderOptions,
  dump: PipelineDump,
  take: Take,
  { signal, onProgress }: VerifyPipelineOptions,
): Promise<void> {
  const { prompt, negative_prompt } = dump.call;
  onProgress?.({ stage: 'encode' });
  const encoders = await openTextEncoders(checkpoint, text);
  try {
    for (const [tokenizer, ids] of Object.entries(encoders.tokenizers.tokenIds(prompt)))
      take(`tokens.${tokenizer}`, ids);
    const prompts = { '': prompt, negative_: negative_prompt ?? '' };
    for (const [prefix, words] of Object.entries(prompts)) {
      if (!dump.has(`${prefix}prompt`) && !dump.has(`${prefix}pooled`)) continue;
      const { context, pooled } = await encoders.encode([words], signal);
      take(`${prefix}prompt_embeds`, context);
      take(`${prefix}pooled_prompt_embeds`, pooled);
    }
  } finally {
    await encoders.close();
  }
}

async function paint(
  pipeline: Pipeline,
  dump: PipelineDump,
  take: Take,
  { signal, onProgress }: VerifyPipelineOptions,
): Promise<void> {
  const { prompt, negative_prompt, seed, width, height, ...call } = dump.call;
  const sampling = { steps: call.num_inference_steps, guidance: call.guidance_scale, width, height };
  const attention = new PlanAttention(pipeline.device, pipeline.layers, null);
  try {
    const latents = await pipeline.denoise({
      samples: [{ prompt, seed, negativePrompt: negative_prompt ?? '' }],
      sampling,
      attention: (step) => attention.step(step),
      afterStep: (step, values) => take(`latents.${step}`, values.slice()),
      ...(onProgress && { onProgress }),
      ...(signal && { signal }),
    });
    if (!dump.has('image')) return;
    onProgress?.({ stage: 'decode' });
    const [image] = await pipeline.decode(latents, signal);
    take('image', planesOf(image!));
  } finally {
    attention.close();
  }
}

/** [3, height, width], as the bytes that the picture is made of, from 0 to 1. */
function planesOf({ width, height, pixels }: RgbImage): Float32Array {
  const count = width * height;
  return Float32Array.from({ length: 3 * count }, (_, i) => pixels[(i % count) * 3 + Math.floor(i / count)]! / 255);
}

/** As it would be kept in a picture. */
function asByte(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 255) / 255;
}
