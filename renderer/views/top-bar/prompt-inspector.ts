import { createStore, type StoreApi } from 'zustand/vanilla';
import { describeReads } from '../../../electron/contract/describe-reads.ts';
import type { PromptNotices, Workbench } from '../../../electron/contract.ts';

export interface PromptInspector {
  /** By `inspectionKey`: what the model makes of a prompt. */
  readonly notices: Readonly<Record<string, PromptNotices>>;
  /** Asks about those prompts that are not known yet. Never rejects: an answer that does not come is no notice. */
  inspect(model: string | null, prompts: readonly string[]): Promise<void>;
}

export function inspectionKey(model: string | null, prompt: string): string {
  return `${model ?? ''}\n${prompt}`;
}

/** Remembers what was asked, so that typing back and forth asks once. */
export function createPromptInspector(workbench: Workbench): StoreApi<PromptInspector> {
  const asked = new Set<string>();
  return createStore<PromptInspector>()((set) => ({
    notices: {},
    async inspect(model, prompts) {
      const unknown = prompts.filter((prompt) => prompt !== '' && !asked.has(inspectionKey(model, prompt)));
      for (const prompt of unknown) asked.add(inspectionKey(model, prompt));
      await Promise.all(
        unknown.map(async (prompt) => {
          const key = inspectionKey(model, prompt);
          try {
            const notices = await workbench.request('models.inspectPrompt', { model, prompt });
            set((state) => ({ notices: { ...state.notices, [key]: notices } }));
          } catch {
            // Such as a host that went away: asked again with the next change.
            asked.delete(key);
          }
        }),
      );
    },
  }));
}

/** What the user should know about a prompt, in a sentence; null where all of it counts. */
export function describeNotices({ ignoredWords, reads }: PromptNotices): string | null {
  const sentences: string[] = [];
  if (ignoredWords.length > 0)
    sentences.push(`The model does not know ${ignoredWords.map((word) => `“${word}”`).join(', ')}: no effect.`);
  const cut = describeReads(reads);
  if (cut !== null) sentences.push(`Too long: ${cut}.`);
  return sentences.length === 0 ? null : sentences.join(' ');
}
