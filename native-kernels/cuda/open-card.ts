import { type CudaContext, CudaUnavailableError, requireCudaAddon } from './cuda-addon.ts';
import { cublasCandidates, firstUsableCublas } from './find-cublas.ts';

/** Throws CudaUnavailableError where there is no such card, or nothing to multiply matrices with. */
export function openCard(index: number): CudaContext {
  const addon = requireCudaAddon();
  const problem = addon.problem();
  if (problem !== null) throw new CudaUnavailableError(problem);
  const cards = addon.cards();
  if (!cards.some((card) => card.index === index)) {
    const known = cards.map((card) => `cuda:${card.index} ${card.name}`).join(', ');
    throw new CudaUnavailableError(`there is no cuda:${index} here; there is ${known}`);
  }
  return firstUsableCublas(cublasCandidates(), (file) => new addon.CudaContext(index, file));
}
