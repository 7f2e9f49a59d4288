import {
  type AttentionCall,
  arrowSparsity,
  type BlockSize,
  keptKeysPerRowBlock,
  type Pipeline,
  PlanAttention,
  type SamplingDescription,
  tokenCount,
} from '../../../mmdit/index.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import type { AttentionMapReply } from '../../contract.ts';
import { describeProgress } from '../../engine/generate-picture.ts';
import { checkSampling } from '../../engine/sampling-wish.ts';
import { prepareScheme } from '../../engine/scheme-in-use.ts';
import type { CallContext } from '../workers/serve-calls.ts';
import type { EngineCalls, StepMaps } from './engine-calls.ts';
import { runOptions } from './job-context.ts';
import { tokenGridOf } from './token-grid.ts';

type Request = EngineCalls['attentionMaps']['params']['request'];

/** Rows and columns of a map at most: finer than a screen shows. */
const MAX_MAP_SIZE = 352;
/** Every layer's and head's map of the step is computed where they fit in this. */
const MAX_BYTES = 192 * 1024 * 1024;

/**
 * Denoises up to a step and takes the maps of that step from the model's own q and k: of every head of every layer where
 * memory allows, else of the asked layer's heads, else of the one head.
 */
export async function attentionJob(
  pipeline: Pipeline,
  { request, scheme }: EngineCalls['attentionMaps']['params'],
  context: CallContext,
): Promise<StepMaps> {
  const options = runOptions(context);
  const sampling = checkSampling(pipeline, request.sampling);
  requirePlace(request, pipeline, sampling);
  const use = scheme && prepareScheme(scheme, pipeline, sampling, { force: true, onNotice: options.onNotice });
  const maps = new MapCollector(pipeline, request, sampling);
  const attention = new PlanAttention(pipeline.device, pipeline.layers, use?.plan ?? null);
  try {
    await pipeline.denoise({
      samples: [request.sample],
      sampling: request.sampling,
      signal: context.signal,
      onNotice: options.onNotice,
      attention: (step) => {
        const hook = attention.step(step);
        if (step !== request.step) return hook;
        // Without the hook's `needs`: maps may be of heads that it would not read.
        return async (call) => {
          const out = await hook(call);
          await maps.collect(call);
          return out;
        };
      },
      afterStep: (step) => {
        if (step === request.step) throw new StepReached();
      },
      onProgress: (progress) => {
        const { detail } = describeProgress(progress);
        const value = progress.stage === 'denoise' ? progress.step / (request.step + 1) : 0;
        options.onProgress({ value, title: 'Computing attention', detail });
      },
    });
  } catch (error) {
    if (!(error instanceof StepReached)) throw error;
  } finally {
    attention.close();
  }
  return maps.all;
}

/** Ends the denoising early: later steps have no part in the map. */
class StepReached extends Error {}

class MapCollector {
  readonly all: AttentionMapReply[] = [];
  readonly #pipeline: Pipeline;
  readonly #request: Request;
  readonly #sampling: SamplingDescription;
  readonly #scope: 'model' | 'layer' | 'head';

  constructor(pipeline: Pipeline, request: Request, sampling: SamplingDescription) {
    this.#pipeline = pipeline;
    this.#request = request;
    this.#sampling = sampling;
    const bytes = pipeline.layers.map(({ heads }, layer) => heads * mapBytes(sampling.layouts[layer]!));
    const model = bytes.reduce((sum, ofLayer) => sum + ofLayer, 0);
    this.#scope = model <= MAX_BYTES ? 'model' : bytes[request.layer]! <= MAX_BYTES ? 'layer' : 'head';
  }

  async collect(call: AttentionCall): Promise<void> {
    const { layer, head } = this.#request;
    if (this.#scope !== 'model' && call.layer !== layer) return;
    const { heads, headDim } = this.#pipeline.layers[call.layer]!;
    const block = this.#pipeline.device.preferredBlock(headDim);
    const which = this.#scope === 'head' ? [head] : Array.from({ length: heads }, (_, index) => index);
    for (const index of which) this.all.push(await this.#map(call, index, block));
  }

  async #map(call: AttentionCall, head: number, block: BlockSize): Promise<AttentionMapReply> {
    const { fractions, step } = this.#request;
    const cell = cellOf(call.layout);
    const { device } = this.#pipeline;
    const { q, k, v, layout, layer } = call;
    // With classifier-free guidance the negative prompt comes first; the prompt's own pass is the last.
    const batch = q.shape[0]! - 1;
    const map = await device.attentionMap({ q, k, v, layout, block, head, batch, cell, fractions });
    return {
      ...{ step, layer, head, cell },
      layout: { text: layout.text, image: layout.image, order: layout.order },
      tokenGrid: tokenGridOf(this.#sampling),
      block: [block[0], block[1]],
      size: map.size,
      values: new Float32Array(map.values),
      overlays: fractions.map((fraction, index) => ({
        fraction,
        keptMass: map.keptMass[index]!,
        sparsity: arrowSparsity(layout, fraction, block),
        rows: keptKeysPerRowBlock(layout, fraction, block),
      })),
    };
  }
}

type Layout = AttentionCall['layout'];

/**
 * Tokens per cell: the fewest that keep the map small enough, and of those up to twice as many the first that puts the
 * border between text and image between two cells.
 */
function cellOf(layout: Layout): number {
  const least = Math.max(1, Math.ceil(tokenCount(layout) / MAX_MAP_SIZE));
  const border = layout.order === 'text-first' ? layout.text : layout.image;
  for (let cell = least; cell <= 2 * least; cell++) if (border % cell === 0) return cell;
  return least;
}

function mapBytes(layout: Layout): number {
  return Math.ceil(tokenCount(layout) / cellOf(layout)) ** 2 * Float32Array.BYTES_PER_ELEMENT;
}

function requirePlace({ step, layer, head }: Request, { layers }: Pipeline, { steps }: SamplingDescription): void {
  const within = (what: string, value: number, count: number) => {
    if (value < count) return;
    const message = `${what}: expected 0 to ${count - 1}, found ${value}`;
    throw new WorkbenchError({ name: 'InvalidRequestError', message, hint: null });
  };
  within('step', step, steps);
  within('layer', layer, layers.length);
  within('head', head, layers[layer]?.heads ?? 0);
}
