import type { AttentionPlan } from './attention-plan.ts';
import { residualFraction } from './method.ts';

/** Windows by fraction, each with the heads whose residual over it a later step adds. */
export type ResidualNeeds = ReadonlyMap<number, ReadonlySet<number>>;

const NONE: ResidualNeeds = new Map();

/** Which residuals a plan wants kept, `[step][layer]`: those of a full head that it adds before the head is full again. */
export function residualNeeds({ choices, methods }: AttentionPlan): readonly (readonly ResidualNeeds[])[] {
  const needs = choices.map((layers) => layers.map(() => NONE));
  const heads = choices[0]?.map((layer) => layer.map(() => new Set<number>())) ?? [];
  // From the end: what is wanted at a step is what later steps add.
  for (let step = choices.length - 1; step >= 0; step--) {
    for (const [layer, chosen] of choices[step]!.entries()) {
      const kept = new Map<number, Set<number>>();
      for (const [head, choice] of chosen.entries()) {
        const method = methods[choice]!;
        const wanted = heads[layer]![head]!;
        const fraction = residualFraction(method);
        if (fraction !== null) wanted.add(fraction);
        if (method.kind !== 'full') continue;
        for (const each of wanted) kept.set(each, (kept.get(each) ?? new Set()).add(head));
        wanted.clear();
      }
      if (kept.size > 0) needs[step]![layer] = kept;
    }
  }
  return needs;
}

/** The most tensors that a layer keeps: its output, and a residual for every window that any of its heads adds. */
export function keptTensors({ methods, choices }: AttentionPlan): number {
  const used = new Set(choices.flatMap((layers) => layers.flatMap((heads) => [...heads])));
  return 1 + new Set([...used].map((choice) => residualFraction(methods[choice]!)).filter((one) => one !== null)).size;
}
