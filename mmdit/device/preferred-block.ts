import { cudaAttentionBlock } from '../../native-kernels/index.ts';
import type { BlockSize } from '../attention/token-layout.ts';
import type { DeviceInfo } from './device.ts';

/** Measured best on AVX2 and AVX-512; small, so that the arrows of small pictures stay thin. */
const CPU_BLOCK: BlockSize = [32, 32];

/** The mask block that a device of this kind runs at a head dim; no device need be open. */
export function preferredBlock(kind: DeviceInfo['kind'], headDim: number): BlockSize {
  return kind === 'cuda' ? cudaAttentionBlock(headDim) : CPU_BLOCK;
}
