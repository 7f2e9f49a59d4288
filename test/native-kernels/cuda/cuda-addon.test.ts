import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  CudaUnavailableError,
  cudaAttentionBlock,
  cudaCards,
  cudaMaxCandidates,
  openCard,
  whyNoCuda,
} from '../../../native-kernels/index.ts';

const BUILT = existsSync('native-kernels/build/release/arrowhead_cuda.node');

it.skipIf(BUILT)('without the CUDA kernels there are no cards, and the reason says how to build them', () => {
  expect(cudaCards()).toEqual([]);
  expect(whyNoCuda()).toMatch(/ARROWHEAD_CUDA=1 npm run build:native/);
  expect(() => openCard(0)).toThrow(CudaUnavailableError);
});

// Compiled by CI, on machines without a card: the binary must load where there is no driver.
it.runIf(BUILT)('the CUDA kernels load without a driver and tell their mask blocks', () => {
  expect(cudaAttentionBlock(64)).toEqual([128, 128]);
  expect(cudaAttentionBlock(128)).toEqual([128, 64]);
  expect(cudaAttentionBlock(72)).toEqual([128, 64]);
  expect(cudaMaxCandidates()).toBeGreaterThanOrEqual(3);
});

it.runIf(BUILT && whyNoCuda() !== null)('without a card the reason is the runtime’s own', () => {
  expect(cudaCards()).toEqual([]);
  expect(() => openCard(0)).toThrow(CudaUnavailableError);
  expect(() => openCard(0)).toThrow(whyNoCuda()!);
});
