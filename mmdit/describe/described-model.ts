import type { TokenOrder } from '../attention/token-layout.ts';
import type { AttentionLayer, TransformerShape } from '../models/mmdit-model.ts';
import type { ModelIdentity, Sampling, SamplingDescription } from '../pipeline/pipeline.ts';
import { requireSampling } from '../pipeline/require-sampling.ts';
import { SamplingError } from '../pipeline/sampling-error.ts';
import { FLOW_MATCH_EULER, type FlowMatchConfig } from '../schedulers/flow-match-config.ts';
import type { ModelDescription } from './model-description.ts';
import { type Work, type WorkPlace, workBytes } from './work-bytes.ts';

/** What a family reads from a checkpoint's configs. */
export interface ModelFacts {
  readonly identity: ModelIdentity;
  readonly defaults: Sampling;
  readonly shape: TransformerShape;
  readonly scheduler: FlowMatchConfig;
  readonly textTokens: number;
  /** Of joint attention. */
  readonly tokenOrder: TokenOrder;
  /** Latents per token, on each side. */
  readonly patch: number;
  /** Pixels per token, on each side. */
  readonly pixelsPerToken: number;
  /** Rows and columns of tokens that the model has positions for; null: any. */
  readonly maxGrid: number | null;
  readonly negativePromptsAbove: number | null;
  /** What people should know before they use the model; null: nothing. */
  readonly notice: string | null;
}

/** Answers from a checkpoint's facts; what pipelines of flow-matching MMDiT models and descriptions have in common. */
export class DescribedModel implements ModelDescription {
  readonly identity: ModelIdentity;
  readonly defaults: Sampling;
  readonly negativePromptsAbove: number | null;
  protected readonly facts: ModelFacts;

  constructor(facts: ModelFacts) {
    this.identity = facts.identity;
    this.defaults = facts.defaults;
    this.negativePromptsAbove = facts.negativePromptsAbove;
    this.facts = facts;
  }

  get layers(): readonly AttentionLayer[] {
    return this.facts.shape.layers;
  }

  describeSampling(settings: Sampling): SamplingDescription {
    const { pixelsPerToken, textTokens, tokenOrder } = this.facts;
    requireSampling(settings, pixelsPerToken);
    this.#requirePositions(settings);
    const { rows, columns } = this.tokenGrid(settings);
    const imageTokens = rows * columns;
    return {
      ...settings,
      scheduler: FLOW_MATCH_EULER,
      textTokens,
      imageTokens,
      tokenOrder,
      layouts: this.layers.map((layer) => layer.layout(textTokens, imageTokens)),
    };
  }

  usesNegativePrompts({ guidance }: Sampling): boolean {
    return this.negativePromptsAbove !== null && guidance > this.negativePromptsAbove;
  }

  linearFlops(settings: Sampling): number {
    const { textTokens, imageTokens } = this.describeSampling(settings);
    return settings.steps * this.facts.shape.linearFlops(textTokens, imageTokens);
  }

  workBytes(samples: number, sampling: Sampling, keptTensors: number, place: WorkPlace): number {
    return workBytes(this.work(samples, sampling, keptTensors), place);
  }

  /** What so many pictures at once ask of a device. Throws SamplingError. */
  protected work(samples: number, sampling: Sampling, keptTensors: number): Work {
    const { textTokens, imageTokens, width, height } = this.describeSampling(sampling);
    const [layer] = this.layers;
    const copies = this.usesNegativePrompts(sampling) ? 2 : 1;
    return {
      what: `${samples} picture${samples === 1 ? '' : 's'} of ${width}×${height}`,
      batch: samples * copies,
      tokens: textTokens + imageTokens,
      channels: (layer?.heads ?? 0) * (layer?.headDim ?? 0),
      kept: Math.max(1, keptTensors * this.layers.length),
    };
  }

  /** Tokens of the picture in rows and columns. */
  protected tokenGrid({ width, height }: Sampling): { rows: number; columns: number } {
    const { pixelsPerToken } = this.facts;
    return { rows: height / pixelsPerToken, columns: width / pixelsPerToken };
  }

  #requirePositions(settings: Sampling): void {
    const { maxGrid, pixelsPerToken } = this.facts;
    const { rows, columns } = this.tokenGrid(settings);
    if (maxGrid === null || Math.max(rows, columns) <= maxGrid) return;
    throw new SamplingError(
      `width and height are at most ${maxGrid * pixelsPerToken} pixels for this model (a position table of ${maxGrid} × ${maxGrid}); found ${settings.width}×${settings.height}`,
    );
  }
}
