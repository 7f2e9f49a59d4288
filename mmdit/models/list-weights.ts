import type { Component } from '../checkpoint/component.ts';
import { familyOf } from './model-families.ts';
import { type WantedTensor, WeightLoader, type WeightStore } from './weight-loader.ts';

/** Takes every weight and keeps none. */
const NOWHERE: WeightStore = {
  info: { kind: 'cpu', name: 'nowhere', computeDtype: 'f32', memoryBytes: Number.POSITIVE_INFINITY },
  bytesPerWeight: 0,
  loadWeight: async () => ({ shape: [] }),
  release: () => {},
};

/**
 * Every tensor of a transformer with its use, without reading any. Throws CheckpointError where the checkpoint lacks one,
 * has another shape of it, or holds one more.
 */
export async function listWeights(component: Component): Promise<ReadonlyMap<string, WantedTensor>> {
  const loader = new WeightLoader(component, NOWHERE);
  await familyOf(component).loadWeights(component, loader);
  return loader.wanted;
}
