import { z } from 'zod';
import * as field from './fields.ts';

export const device = z.strictObject({
  /** As settings and `--device` name it: `cpu`, `cuda:0`. */
  id: field.deviceName,
  kind: z.enum(['cpu', 'cuda']),
  /** As users know it: "AMD EPYC, 2 threads, AVX-512". */
  name: z.string(),
  computeDtype: z.enum(['f32', 'bf16', 'f16']),
  memoryBytes: field.count,
});

export const deviceReport = z.strictObject({
  /** The preferred one first. */
  devices: z.array(device),
  /** Where text encoders and VAE run, for people: "CPU (ONNX Runtime 1.30.0)". */
  onnx: z.string(),
  /** Of the machine: what could still be taken. */
  availableBytes: field.count,
  /** Of the host with its workers. */
  processBytes: field.count,
});

export const modelSummary = z.strictObject({
  id: field.modelId,
  /** For people. */
  name: z.string(),
  folder: z.string(),
  isDemo: z.boolean(),
  /** Why it cannot be opened: its folder is gone. null where it can. */
  problem: z.string().nullable(),
});

export const attentionLayer = z.strictObject({
  /** As diffusers names it: `transformer_blocks.3.attn`. */
  name: z.string(),
  heads: field.count,
  headDim: field.count,
});

/** Prompts that ship with the demo checkpoint. */
export const shippedPrompts = z.strictObject({
  default: z.string(),
  calibration: z.array(z.string()),
  evaluation: z.array(z.string()),
});

export const modelInfo = z.strictObject({
  ...modelSummary.shape,
  family: z.enum(['flux', 'sd3']),
  fingerprint: z.string(),
  layers: z.array(attentionLayer),
  /** What the checkpoint is made for. */
  defaults: field.sampling,
  /** Guidance above which negative prompts have an effect; null: they never have. */
  negativePromptsAbove: z.number().nullable(),
  /** null for models that ship none. */
  prompts: shippedPrompts.nullable(),
});

/** What the model makes of sampling settings. */
export const samplingDescription = z.strictObject({
  ...field.sampling.shape,
  scheduler: z.string(),
  textTokens: field.count,
  imageTokens: field.count,
  tokenOrder: field.tokenOrder,
  tokenGrid: field.tokenGrid,
  block: field.block,
});

export const promptNotices = z.strictObject({
  /** Words that no tokenizer of the model knows: they have no effect. */
  ignoredWords: z.array(z.string()),
  /** How much of it each text encoder reads; the rest is cut. */
  reads: z.array(z.strictObject({ encoder: z.string(), readTokens: field.count, promptTokens: field.count })),
});

/** What a checkpoint folder holds, found without reading weights. */
export const checkpointReport = z.strictObject({
  folder: z.string(),
  /** For people: the repository's for a snapshot of a hub cache, else the folder's. */
  name: z.string(),
  /** `_class_name` of model_index.json. */
  pipeline: z.string(),
  /** That a pipeline for image to image and the like runs from text alone. */
  notice: z.string().nullable(),
  /** null for pipelines that are not supported. */
  family: z.enum(['flux', 'sd3']).nullable(),
  /** Weights are made from a seed, not stored. */
  synthetic: z.boolean(),
  transformer: z
    .strictObject({
      parameters: field.count,
      /** Elements stored in each dtype. */
      dtypes: z.record(z.string(), field.count),
      blocks: field.count,
      heads: field.count,
      headDim: field.count,
      /** Bytes that the weights take where they run. */
      memory: z.strictObject({ cpu: field.count, cuda: field.count, cudaFp8: field.count }),
    })
    .nullable(),
  parts: z.array(
    z.strictObject({
      name: z.string(),
      className: z.string().nullable(),
      bytes: field.count.nullable(),
      /** What is missing, damaged or not supported; null where the part can be used. */
      problem: z.string().nullable(),
    }),
  ),
  /** Fields of model_index.json that nothing is computed from. */
  ignored: z.array(z.string()),
  /** Where links lead out of the folder; they are followed. */
  links: z.array(z.strictObject({ path: z.string(), target: z.string() })),
  /** A licence file in the folder. */
  licence: z.string().nullable(),
});
