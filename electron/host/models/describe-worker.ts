import { DescriptionCache, inspectCheckpoint, preferredBlock } from '../../../mmdit/index.ts';
import { readDemoPrompts } from '../../engine/demo-prompts.ts';
import { DEMO_CHECKPOINT } from '../../engine/open-model.ts';
import { checkSampling } from '../../engine/sampling-wish.ts';
import { tokenGridOf } from '../engine/token-grid.ts';
import { serveCalls } from '../workers/serve-calls.ts';
import type { DescribeCalls } from './describe-calls.ts';

const descriptions = new DescriptionCache();

function descriptionOf(folder: string | null) {
  return descriptions.get(folder ?? DEMO_CHECKPOINT);
}

// A thread of its own: a question about a model waits neither for a job nor for another model's weights.
serveCalls<DescribeCalls>({
  warmUp: () => null,
  modelInfo: async ({ folder }) => {
    const { identity, layers, defaults, negativePromptsAbove } = (await descriptionOf(folder)).model;
    const { steps, guidance, width, height } = defaults;
    return {
      family: identity.family,
      fingerprint: identity.fingerprint,
      layers: layers.map(({ name, heads, headDim }) => ({ name, heads, headDim })),
      defaults: { steps, guidance, width, height },
      negativePromptsAbove,
      prompts: folder === null ? await readDemoPrompts() : null,
    };
  },
  inspect: async ({ folder }) => {
    const { transformer, parts, ignored, links, ...report } = await inspectCheckpoint(folder ?? DEMO_CHECKPOINT);
    return {
      ...report,
      ...{ parts: [...parts], ignored: [...ignored], links: [...links] },
      transformer: transformer && { ...transformer, dtypes: { ...transformer.dtypes } },
    };
  },
  describeSampling: async ({ folder, sampling, device }) => {
    const { model } = await descriptionOf(folder);
    const { layouts: _, ...described } = checkSampling(model, sampling);
    const [rows, keys] = preferredBlock(device, model.layers[0]?.headDim ?? 0);
    return { ...described, tokenGrid: tokenGridOf(described), block: [rows, keys] };
  },
  inspectPrompt: async ({ folder, prompt }) => {
    const { ignoredWords, reads } = await (await descriptionOf(folder)).inspectPrompt(prompt);
    return { ignoredWords: [...ignoredWords], reads: [...reads] };
  },
  linearFlops: async ({ folder, fingerprint, sampling }) => {
    const { model } = await descriptionOf(folder);
    return model.identity.fingerprint === fingerprint ? model.linearFlops(sampling) : null;
  },
});
