import type { Component } from '../checkpoint/component.ts';
import { planWeights } from './load-weights.ts';
import { familyOf } from './model-families.ts';
import type { WantedTensor } from './weight-loader.ts';

/**
 * Every tensor of a transformer with its use, without reading any. Throws CheckpointError where the checkpoint lacks one,
 * has another shape of it, or holds one more.
 */
export function listWeights(component: Component): Promise<ReadonlyMap<string, WantedTensor>> {
  return planWeights(component, (loader) => familyOf(component).loadWeights(component, loader));
}
