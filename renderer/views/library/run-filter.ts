import type { RunSummary } from '../../../electron/contract.ts';

/** Whether a run has every word of a search: in its name, prompt, tags, model or kind. `#word` asks for a tag. */
export function matchesSearch(run: RunSummary, search: string): boolean {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const tags = run.tags.map((tag) => tag.toLowerCase());
  const text = [run.name, run.prompt, run.model?.name ?? '', run.kind, run.id, ...tags].join(' ').toLowerCase();
  return words.every((word) =>
    word.startsWith('#') && word.length > 1 ? tags.some((tag) => tag.startsWith(word.slice(1))) : text.includes(word),
  );
}

/** Tags of all runs, the most used first. */
export function allTags(runs: readonly RunSummary[]): string[] {
  const counts = new Map<string, number>();
  for (const tag of runs.flatMap(({ tags }) => tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].toSorted(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([tag]) => tag);
}

/** Tags as typed, separated by commas; each once. */
export function parseTags(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim().replace(/^#/, '').trim()))].filter((tag) => tag !== '');
}
