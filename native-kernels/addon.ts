import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the binary exports: flat arguments, checked again in C++. `index.ts` is the door for everybody else. */
export interface Addon {
  headwiseAttention(args: object): Promise<void>;
  measureAttention(args: object): Promise<NativeErrorSums>;
  attentionMap(args: object): Promise<Float64Array>;
  headwiseRse(args: object): Promise<Float64Array>;
  keptKeyRanges(args: object): Int32Array;
  layerNormModulate(args: object): Promise<void>;
  rmsNorm(args: object): Promise<void>;
  qkNormRope(args: object): Promise<void>;
  gatedResidual(args: object): Promise<void>;
  activation(args: object): Promise<void>;
  convertToFloat32(args: object): Promise<void>;
  fmaBurst(args: object): Promise<number>;
  cpuInfo(): { instructionSet: string; threads: number };
  setThreads(count: number): void;
  trimHeap(): void;
  adviseLargePages(args: object): void;
}

interface NativeErrorSums {
  readonly sum: Float64Array;
  readonly sumOfSquares: Float64Array;
  /** [candidates, candidates with their residuals, references][heads] */
  readonly squaredErrors: Float64Array;
}

/** The kernels' binary is missing or was built for another machine. */
export class AddonLoadError extends Error {
  override readonly name = 'AddonLoadError';
}

const FILE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'build', 'release', 'arrowhead_kernels.node');

export const addon: Addon = load();

function load(): Addon {
  try {
    return createRequire(import.meta.url)(FILE) as Addon;
  } catch (cause) {
    const [reason] = (cause as Error).message.split('\n');
    throw new AddonLoadError(`Cannot load the native kernels: ${reason}. Build them with: npm run build:native`, {
      cause,
    });
  }
}
