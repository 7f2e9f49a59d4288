import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { largestDifference, type Outputs } from './largest-difference.ts';
import { loadOnnxRuntime } from './onnx-runtime.ts';
import { OnnxSession } from './onnx-session.ts';
import { probeGraph } from './probe-graph.ts';

/** ONNX Runtime's execution providers that text encoders and VAE can run on, the processor last. */
export const ACCELERATORS = ['cuda', 'webgpu'] as const;
export type OnnxAccelerator = (typeof ACCELERATORS)[number];
export type OnnxProvider = OnnxAccelerator | 'cpu';
/** `auto`: whichever is faster. */
export type OnnxWish = OnnxProvider | 'auto';

export const PROVIDER_NAMES = { cpu: 'CPU', cuda: 'CUDA', webgpu: 'WebGPU' } as const;
/** What fetches the CUDA provider, too large for the package itself; it needs CUDA 12 and cuDNN 9 where the loader looks. */
export const INSTALL_CUDA_PROVIDER = 'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install';

/** Relative, from the processor's results: TF32 gives about 1e-3, diffusers' own bf16 about 1e-2. */
export const MAX_DIFFERENCE = 0.01;

/** A provider's name that is none. */
export class OnnxWishError extends Error {
  override readonly name = 'OnnxWishError';

  constructor(found: string) {
    super(`Unknown ONNX Runtime provider "${found}": expected auto, cpu, cuda or webgpu`);
  }
}

/** `$ARROWHEAD_ONNX` where nothing is named, else `auto`. Throws OnnxWishError. */
export function parseOnnxWish(name: string = process.env.ARROWHEAD_ONNX || 'auto'): OnnxWish {
  if (name === 'auto' || name === 'cpu' || name === 'cuda' || name === 'webgpu') return name;
  throw new OnnxWishError(name);
}

/**
 * Why an accelerator cannot be used here; null where it can. `careful`: without a card nothing is tried, since Dawn and
 * ONNX Runtime print what they miss. Throws OnnxRuntimeMissingError.
 */
export async function whyNotAccelerated(provider: OnnxAccelerator, careful: boolean): Promise<string | null> {
  const { listSupportedBackends } = await loadOnnxRuntime();
  if (!listSupportedBackends().some(({ name }) => name === provider)) {
    return `this ONNX Runtime for ${process.platform}-${process.arch} has no ${PROVIDER_NAMES[provider]} provider`;
  }
  if (provider === 'cuda' && !existsSync(cudaLibrary())) {
    return `ONNX Runtime's CUDA provider is not installed; with CUDA 12 and cuDNN 9 there: ${INSTALL_CUDA_PROVIDER}`;
  }
  if (careful && !hasCard(provider)) return 'no graphics card is there';
  const tried = attempts.get(provider) ?? attempt(provider);
  attempts.set(provider, tried);
  return tried;
}

/** Once per process: a card does not come by waiting. */
const attempts = new Map<OnnxAccelerator, Promise<string | null>>();

async function attempt(provider: OnnxAccelerator): Promise<string | null> {
  const expected = await probe('cpu');
  try {
    const difference = largestDifference(await probe(provider), expected);
    return difference <= MAX_DIFFERENCE ? null : differs(difference);
  } catch (error) {
    return reason(error);
  }
}

async function probe(provider: OnnxProvider): Promise<Outputs> {
  const { graph, inputs } = await probeGraph();
  const session = await OnnxSession.open(graph, { weights: 'resident', provider });
  try {
    return await session.run(inputs, ['causal', 'biased', 'mixed', 'upsampled']);
  } finally {
    await session.close();
  }
}

export function differs(difference: number): string {
  return `its results differ from the processor's by ${difference.toPrecision(2)}`;
}

/** The sentence of an error of ONNX Runtime, without the place in its source. */
export function reason(error: unknown): string {
  const { cause, message } = error as Error;
  const text = cause instanceof Error ? cause.message : message;
  return text.replace(/^.* was false\. /s, '').trim();
}

function cudaLibrary(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = path.join(path.dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
  return path.join(folder, 'libonnxruntime_providers_cuda.so');
}

function hasCard(provider: OnnxAccelerator): boolean {
  if (process.platform !== 'linux') return true;
  if (existsSync('/dev/nvidiactl') || existsSync('/dev/dxg')) return true;
  return (
    provider === 'webgpu' && existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => /^render/.test(name))
  );
}
