import path from 'node:path';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { findOutsideLinks, type OutsideLink } from '../checkpoint/outside-links.ts';
import { listFolder } from '../checkpoint/regular-file.ts';
import type { StoredDtype } from '../checkpoint/tensor-source.ts';
import { describeCheckpoint } from '../describe/describe-checkpoint.ts';
import { readFluxConfig } from '../models/flux-config.ts';
import { listWeights } from '../models/list-weights.ts';
import { readSd3Config } from '../models/sd3-config.ts';
import { readScheduler } from '../schedulers/flow-match-config.ts';
import { ClipTextEncoder } from '../text/clip-text-encoder.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import { PromptTokenizer } from '../text/prompt-tokenizer.ts';
import { T5TextEncoder } from '../text/t5-text-encoder.ts';
import { openVaeDecoder } from '../vae/vae-decoder.ts';
import { ignoredFields, PIPELINE_PARTS, requireKnownParts, textToImageNotice } from './pipeline-parts.ts';

/** What a checkpoint folder holds, found without reading weights. */
export interface CheckpointReport {
  readonly folder: string;
  /** For people: the repository's for a snapshot of a hub cache, else the folder's. */
  readonly name: string;
  /** `_class_name` of model_index.json. */
  readonly pipeline: string;
  /** That a pipeline for image to image and the like runs from text alone; null where there is nothing to say. */
  readonly notice: string | null;
  readonly family: 'flux' | 'sd3' | null;
  /** Weights are made from a seed, not stored. */
  readonly synthetic: boolean;
  readonly transformer: TransformerReport | null;
  readonly parts: readonly PartReport[];
  /** Fields of model_index.json that nothing is computed from. */
  readonly ignored: readonly string[];
  /** Where links lead out of the folder. They are followed. */
  readonly links: readonly OutsideLink[];
  /** A licence file in the folder. */
  readonly licence: string | null;
}

export interface TransformerReport {
  readonly parameters: number;
  /** Parameters stored in each dtype; empty where they are made. */
  readonly dtypes: Readonly<Partial<Record<StoredDtype, number>>>;
  readonly blocks: number;
  readonly heads: number;
  readonly headDim: number;
  /** Bytes that the weights take where they run. */
  readonly memory: { readonly cpu: number; readonly cuda: number; readonly cudaFp8: number };
}

export interface PartReport {
  readonly name: string;
  /** As model_index.json names it; null where it does not list the part. */
  readonly className: string | null;
  /** Of its weights; null for parts without. */
  readonly bytes: number | null;
  /** What is missing, damaged or not supported; null where it can be used. */
  readonly problem: string | null;
}

const WITH_WEIGHTS = /^(transformer|vae|text_encoder)/;
/** Which text encoder is T5's. */
const T5_PART = { flux: 'text_encoder_2', sd3: 'text_encoder_3' } as const;
/** Any length will do: a graph is built to see that config and tensors fit it, and not run. */
const CHECKED_TOKENS = 8;

/** Throws CheckpointError where the folder is no checkpoint at all; everything else is told in the report. */
export async function inspectCheckpoint(folder: string): Promise<CheckpointReport> {
  const checkpoint = await Checkpoint.open(folder);
  const known = PIPELINE_PARTS[checkpoint.pipelineClass];
  const names =
    known && !checkpoint.synthetic
      ? [...known.required, ...known.optional.filter((name) => checkpoint.components.has(name))]
      : [...checkpoint.components.keys()];
  const parts: Mutable<PartReport>[] = [];
  const foreign = await problemOf(checkpoint.folder, async () => requireKnownParts(checkpoint));
  if (foreign) parts.push({ name: 'model_index.json', className: null, bytes: null, problem: foreign.message });
  let transformer: TransformerReport | null = null;
  for (const name of names) {
    const className = checkpoint.components.get(name) ?? null;
    let bytes: number | null = null;
    const problem = await problemOf(checkpoint.folder, async () => {
      checkpoint.path(name);
      const component = WITH_WEIGHTS.test(name) ? await checkpoint.component(name) : null;
      bytes = component?.byteLength ?? null;
      if (!known) return;
      if (name === 'transformer' && component) transformer = await describe(component, known.family);
      else await checkPart(checkpoint, name, component, known.family);
    });
    parts.push({ name, className, bytes, problem: problem?.message ?? null });
  }
  if (known) {
    const mismatch = await problemOf(checkpoint.folder, () => requireFittingParts(checkpoint));
    const part = mismatch && parts.find(({ name }) => name === partOf(checkpoint, mismatch));
    // A part that is wrong by itself has been told already.
    if (part) part.problem ??= mismatch.message;
    else if (mismatch && parts.every(({ problem }) => problem === null))
      parts.push({ name: 'all', className: null, bytes: null, problem: mismatch.message });
  }
  const licence = (await listFolder(checkpoint.folder)).find((name) => /^licen[cs]e/i.test(name)) ?? null;
  return {
    ...{ folder: checkpoint.folder, name: checkpoint.name, pipeline: checkpoint.listedClass },
    ...{ notice: textToImageNotice(checkpoint), family: known?.family ?? null },
    synthetic: checkpoint.synthetic !== null,
    ...{ transformer, parts, ignored: ignoredFields(checkpoint) },
    ...{ links: await findOutsideLinks(checkpoint.folder), licence },
  };
}

/** A part by itself. `component`: its config and weights, for those that have any. Throws CheckpointError. */
async function checkPart(
  checkpoint: Checkpoint,
  name: string,
  component: Component | null,
  family: 'flux' | 'sd3',
): Promise<void> {
  if (name === 'scheduler') await readScheduler(checkpoint);
  if (checkpoint.synthetic) return;
  if (name === 'vae') await (await openVaeDecoder(checkpoint)).close();
  if (name.startsWith('tokenizer')) await PromptTokenizer.open(await checkpoint.folderOf(name), () => CHECKED_TOKENS);
  if (!name.startsWith('text_encoder') || !component) return;
  const Encoder = name === T5_PART[family] ? T5TextEncoder : ClipTextEncoder;
  await (await Encoder.open(component, CHECKED_TOKENS)).close();
}

/** What a pipeline asks of its parts together, as opening it does. Throws CheckpointError. */
async function requireFittingParts(checkpoint: Checkpoint): Promise<void> {
  await (await openTextEncoders(checkpoint)).close();
  await describeCheckpoint(checkpoint.folder);
}

/** The part whose file an error names. */
function partOf({ folder }: Checkpoint, { file }: CheckpointError): string | undefined {
  return path.relative(folder, file).split(path.sep)[0];
}

async function describe(component: Component, family: 'flux' | 'sd3'): Promise<TransformerReport> {
  const sizes = family === 'flux' ? readFluxConfig(component) : readSd3Config(component);
  const blocks = 'blocks' in sizes ? sizes.blocks : sizes.doubleBlocks + sizes.singleBlocks;
  const dtypes: Partial<Record<StoredDtype, number>> = {};
  const count = { exact: 0, projection: 0, table: 0 };
  for (const [name, { shape, use }] of await listWeights(component)) {
    const elements = shape.reduce((product, length) => product * length, 1);
    count[use] += elements;
    if (component.synthetic || use === 'table') continue;
    const { dtype } = component.tensor(name);
    dtypes[dtype] = (dtypes[dtype] ?? 0) + elements;
  }
  const parameters = count.exact + count.projection;
  return {
    ...{ parameters, dtypes, blocks, heads: sizes.heads, headDim: sizes.headDim },
    memory: { cpu: 4 * (parameters + count.table), cuda: 2 * parameters, cudaFp8: 2 * count.exact + count.projection },
  };
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** Programming errors are none of the checkpoint's. */
async function problemOf(folder: string, check: () => Promise<unknown>): Promise<CheckpointError | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    if (error instanceof Error && 'code' in error) return new CheckpointError(folder, error.message, { cause: error });
    throw error;
  }
}
