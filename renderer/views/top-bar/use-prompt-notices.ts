import { useEffect, useMemo } from 'react';
import { useStore } from 'zustand';
import { useApp, useWorkbench } from '../../state/app-context.tsx';
import { createPromptInspector, describeNotices, inspectionKey } from './prompt-inspector.ts';

/** Not while a word is being typed. */
const ASK_AFTER_MS = 350;

/** Per prompt, what is ignored or cut of it; null where nothing is, or not known yet. */
export function usePromptNotices(prompts: readonly string[]): readonly (string | null)[] {
  const workbench = useWorkbench();
  const inspector = useMemo(() => createPromptInspector(workbench), [workbench]);
  const model = useApp((state) => state.model?.id ?? null);
  const isDemo = useApp((state) => state.model?.isDemo === true);
  const id = isDemo ? null : model;
  const open = model !== null;
  const all = prompts.join('\n\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: `all` stands for the prompts, which are a new array each time
  useEffect(() => {
    if (!open) return;
    const timer = setTimeout(() => void inspector.getState().inspect(id, prompts), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [inspector, id, open, all]);
  const notices = useStore(inspector, (state) => state.notices);
  return prompts.map((prompt) => {
    const known = notices[inspectionKey(id, prompt)];
    return known ? describeNotices(known) : null;
  });
}
