import { type CudaContext, CudaUnavailableError, type MatmulChoices, requireCudaAddon } from './cuda-addon.ts';
import { cublasCandidates, firstUsableCublas } from './find-cublas.ts';

/**
 * `choices`: what an earlier process chose, so that this one computes the same bits. Throws CudaUnavailableError where
 * there is no such card, or nothing to multiply matrices with.
 */
export function openCard(index: number, choices: MatmulChoices = {}): CudaContext {
  const addon = requireCudaAddon();
  const problem = addon.problem();
  if (problem !== null) throw new CudaUnavailableError(problem);
  const cards = addon.cards();
  if (!cards.some((card) => card.index === index)) {
    const known = cards.map((card) => `cuda:${card.index} ${card.name}`).join(', ');
    throw new CudaUnavailableError(`there is no cuda:${index} here; there is ${known}`);
  }
  return firstUsableCublas(cublasCandidates(), (file) => new addon.CudaContext(index, file, choices));
}
