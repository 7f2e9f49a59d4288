import type { SchemeDiff } from '../../../../electron/contract.ts';

type Plans = Pick<SchemeDiff, 'steps' | 'layers' | 'heads' | 'methods' | 'planA' | 'planB'>;

/** A layer of a step with heads that differ. */
export interface ChangedLayer {
  readonly step: number;
  readonly layer: number;
  readonly heads: number;
}

/** Those with the most heads that differ first; ties in the order of steps and layers. */
export function changedLayers({ steps, layers, heads, planA, planB }: Plans): ChangedLayer[] {
  const changed: ChangedLayer[] = [];
  for (let step = 0; step < steps; step += 1)
    for (let layer = 0; layer < layers.length; layer += 1) {
      const offset = (step * layers.length + layer) * heads;
      let count = 0;
      for (let head = offset; head < offset + heads; head += 1) if (planA[head] !== planB[head]) count += 1;
      if (count > 0) changed.push({ step, layer, heads: count });
    }
  return changed.toSorted((a, b) => b.heads - a.heads);
}

export interface ChangedHead {
  readonly head: number;
  readonly from: string;
  readonly to: string;
}

/** The heads of one layer of a step that go by another method. */
export function changedHeads(
  { layers, heads, methods, planA, planB }: Plans,
  step: number,
  layer: number,
): ChangedHead[] {
  const offset = (step * layers.length + layer) * heads;
  return Array.from({ length: heads }, (_, head) => ({
    head,
    from: methods[planA[offset + head]!]!,
    to: methods[planB[offset + head]!]!,
  })).filter(({ from, to }) => from !== to);
}
