import { attentionFlops } from '../../mmdit/attention/attention-flops.ts';
import type { AttentionPlan } from '../../mmdit/attention/attention-plan.ts';
import { FULL, type HeadMethod } from '../../mmdit/attention/method.ts';
import type { BlockSize, TokenLayout } from '../../mmdit/attention/token-layout.ts';

export interface AttentionShape {
  readonly block: BlockSize;
  readonly headDim: number;
  /** One per layer. */
  readonly layouts: readonly TokenLayout[];
}

/** 1 − attention FLOPs of the kept blocks ÷ those of full attention, over all steps, layers and heads. */
export function planSparsity(
  choices: AttentionPlan['choices'],
  methods: readonly HeadMethod[],
  shape: AttentionShape,
): number {
  const counts = shape.layouts.map(() => new Array<number>(methods.length).fill(0));
  for (const step of choices) {
    for (const [layer, heads] of step.entries()) for (const method of heads) counts[layer]![method]! += 1;
  }
  const { full, kept } = attentionCost(counts, methods, shape);
  return full === 0 ? 0 : 1 - kept / full;
}

/** Attention FLOPs of one picture: with full attention everywhere, and of the blocks that a plan keeps. */
export interface AttentionCost {
  readonly full: number;
  readonly kept: number;
}

/** `counts`: per layer, how many heads use each method, over all steps. */
export function attentionCost(
  counts: readonly ArrayLike<number>[],
  methods: readonly HeadMethod[],
  { block, headDim, layouts }: AttentionShape,
): AttentionCost {
  const costs = perLayout(layouts, (layout) => methods.map((method) => attentionFlops(layout, block, method, headDim)));
  const fullCosts = perLayout(layouts, (layout) => attentionFlops(layout, block, FULL, headDim));
  let kept = 0;
  let full = 0;
  for (const [layer, heads] of counts.entries()) {
    for (let method = 0; method < methods.length; method++) {
      kept += costs[layer]![method]! * heads[method]!;
      full += fullCosts[layer]! * heads[method]!;
    }
  }
  return { full, kept };
}

/** Computes once per distinct layout: most layers share one. */
export function perLayout<T>(layouts: readonly TokenLayout[], compute: (layout: TokenLayout) => T): readonly T[] {
  const known = new Map<string, T>();
  return layouts.map((layout) => {
    const key = `${layout.order} ${layout.text} ${layout.image}`;
    const value = known.get(key) ?? compute(layout);
    known.set(key, value);
    return value;
  });
}
