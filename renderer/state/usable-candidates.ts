import { readMethod } from '../../electron/contract/methods.ts';

/** Those that a run can use: sharing guidance takes a run that has it. */
export function usableCandidates(candidates: readonly string[], isGuided: boolean): string[] {
  return candidates.filter((name) => {
    const method = readMethod(name);
    return isGuided || method === null || method.kind === 'cached' || !method.sharesGuidance;
  });
}
