import { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Component } from '../checkpoint/component.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import { PIPELINE_PARTS, requireSupported } from '../pipeline/pipeline-parts.ts';
import { openTokenizers } from '../text/open-text-encoders.ts';
import type { TextLength, TextTokenizers } from '../text/text-tokenizers.ts';
import { describeFlux } from './describe-flux.ts';
import { describeSd3 } from './describe-sd3.ts';
import { DescribedModel, type ModelFacts } from './described-model.ts';
import type { ModelDescription } from './model-description.ts';

/** A checkpoint folder as far as its configs, its weights' headers and its tokenizers tell: no weights, no device. */
export interface CheckpointDescription {
  readonly model: ModelDescription;
  /** What the tokenizers make of a prompt: words ignored, tokens cut. They are opened when first asked. */
  inspectPrompt(prompt: string): Promise<PromptNotices>;
}

type Describe = (checkpoint: Checkpoint, transformer: Component, length: TextLength) => Promise<ModelFacts>;

const FAMILIES: Readonly<Record<'flux' | 'sd3', Describe>> = { flux: describeFlux, sd3: describeSd3 };

/** Throws CheckpointError naming the file and what is wrong or not supported. */
export async function describeCheckpoint(folder: string): Promise<CheckpointDescription> {
  const checkpoint = await Checkpoint.open(folder);
  requireSupported(checkpoint);
  const transformer = await checkpoint.component('transformer');
  const { family } = PIPELINE_PARTS[checkpoint.pipelineClass]!;
  const model = new DescribedModel(await FAMILIES[family](checkpoint, transformer, {}));
  let opening: Promise<TextTokenizers> | null = null;
  return {
    model,
    inspectPrompt: async (prompt) => {
      opening ??= openTokenizers(checkpoint);
      return (await opening).inspect(prompt);
    },
  };
}
