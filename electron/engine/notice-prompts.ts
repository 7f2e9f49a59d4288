import type { Pipeline, Sampling } from '../../mmdit/index.ts';
import { describeReads } from '../contract/describe-reads.ts';
import type { RunOptions } from './run-options.ts';

const SHOWN_CHARACTERS = 40;

/** Tells what is ignored or cut of each prompt, and of which one where there are several. */
export function noticePrompts(pipeline: Pipeline, prompts: readonly string[], { onNotice }: RunOptions): void {
  const distinct = [...new Set(prompts)];
  for (const prompt of distinct) {
    const { ignoredWords, reads } = pipeline.inspectPrompt(prompt);
    const which = distinct.length > 1 ? `"${shortened(prompt)}": ` : '';
    if (ignoredWords.length > 0) {
      onNotice?.(`${which}the model does not know these words and ignores them: ${ignoredWords.join(', ')}`);
    }
    const cut = describeReads(reads);
    if (cut !== null) onNotice?.(`${which}the prompt is too long: ${cut}`);
  }
}

/** Tells of a negative prompt that the model does not take. */
export function noticeUnusedNegative(
  pipeline: Pipeline,
  sampling: Sampling,
  negativePrompt: string | undefined,
  { onNotice }: RunOptions,
): void {
  if (!negativePrompt || pipeline.usesNegativePrompts(sampling)) return;
  const { negativePromptsAbove: above } = pipeline;
  onNotice?.(
    above === null
      ? `the negative prompt has no effect: ${pipeline.identity.name} has no classifier-free guidance`
      : `the negative prompt has no effect at guidance ${sampling.guidance}: it has above ${above}`,
  );
}

function shortened(prompt: string): string {
  const characters = [...prompt];
  return characters.length <= SHOWN_CHARACTERS
    ? prompt
    : `${characters.slice(0, SHOWN_CHARACTERS).join('').trimEnd()}…`;
}
