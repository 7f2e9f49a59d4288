import { readdir } from 'node:fs/promises';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import type { StoredDtype } from '../checkpoint/tensor-source.ts';
import { readFluxConfig } from '../models/flux-config.ts';
import { listWeights } from '../models/list-weights.ts';
import { readSd3Config } from '../models/sd3-config.ts';
import { readScheduler } from '../schedulers/flow-match-config.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import { openVaeDecoder } from '../vae/vae-decoder.ts';
import { PIPELINE_PARTS, requireKnownParts } from './pipeline-parts.ts';

/** What a checkpoint folder holds, found without reading weights. */
export interface CheckpointReport {
  readonly folder: string;
  /** `_class_name` of model_index.json. */
  readonly pipeline: string;
  readonly family: 'flux' | 'sd3' | null;
  /** Weights are made from a seed, not stored. */
  readonly synthetic: boolean;
  readonly transformer: TransformerReport | null;
  readonly parts: readonly PartReport[];
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

/** Throws CheckpointError where the folder is no checkpoint at all; everything else is told in the report. */
export async function inspectCheckpoint(folder: string): Promise<CheckpointReport> {
  const checkpoint = await Checkpoint.open(folder);
  const known = PIPELINE_PARTS[checkpoint.pipelineClass];
  const names =
    known && !checkpoint.synthetic
      ? [...known.required, ...known.optional.filter((name) => checkpoint.components.has(name))]
      : [...checkpoint.components.keys()];
  const parts: PartReport[] = [];
  const foreign = await problemOf(async () => requireKnownParts(checkpoint));
  if (foreign !== null) parts.push({ name: 'model_index.json', className: null, bytes: null, problem: foreign });
  let transformer: TransformerReport | null = null;
  for (const name of names) {
    const className = checkpoint.components.get(name) ?? null;
    let bytes: number | null = null;
    const problem = await problemOf(async () => {
      checkpoint.path(name);
      if (WITH_WEIGHTS.test(name)) {
        const component = await checkpoint.component(name);
        bytes = component.byteLength;
        if (name === 'transformer' && known) transformer = await describe(component, known.family);
      }
      if (!known) return;
      if (name === 'scheduler') await readScheduler(checkpoint);
      if (name === 'vae') await (await openVaeDecoder(checkpoint)).close();
      // Encoders and tokenizers are opened together, and the error names the one that is wrong.
      if (name === 'text_encoder') await (await openTextEncoders(checkpoint)).close();
    });
    parts.push({ name, className, bytes, problem });
  }
  const licence = (await readdir(checkpoint.folder)).find((name) => /^licen[cs]e/i.test(name)) ?? null;
  return {
    ...{ folder: checkpoint.folder, pipeline: checkpoint.pipelineClass, family: known?.family ?? null },
    synthetic: checkpoint.synthetic !== null,
    ...{ transformer, parts, licence },
  };
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

/** Programming errors are none of the checkpoint's. */
async function problemOf(check: () => Promise<void>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof CheckpointError) return error.message;
    if (error instanceof Error && 'code' in error) return error.message;
    throw error;
  }
}
