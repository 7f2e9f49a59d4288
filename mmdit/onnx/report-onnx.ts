import {
  ACCELERATORS,
  type OnnxProvider,
  type OnnxWish,
  PROVIDER_NAMES,
  parseOnnxWish,
  whyNotAccelerated,
} from './onnx-provider.ts';
import { loadOnnxRuntime, OnnxRuntimeMissingError, onnxVersion } from './onnx-runtime.ts';

/** What text encoders and VAE run on, on this machine. */
export interface OnnxReport {
  /** null where ONNX Runtime is missing. */
  readonly version: string | null;
  readonly wish: OnnxWish;
  /** For people: "CPU (ONNX Runtime 1.30.0)". */
  readonly where: string;
  /** `problem`: why it cannot be used; null where it can. */
  readonly providers: readonly { readonly provider: OnnxProvider; readonly problem: string | null }[];
}

/** Throws OnnxWishError. */
export async function reportOnnx(wish: OnnxWish = parseOnnxWish()): Promise<OnnxReport> {
  try {
    await loadOnnxRuntime();
  } catch (error) {
    if (!(error instanceof OnnxRuntimeMissingError)) throw error;
    return { version: null, wish, where: error.message, providers: [] };
  }
  const accelerators: { provider: OnnxProvider; problem: string | null }[] = [];
  for (const provider of ACCELERATORS) {
    accelerators.push({ provider, problem: await whyNotAccelerated(provider, wish !== provider) });
  }
  const usable = accelerators.filter(({ problem }) => problem === null).map(({ provider }) => provider);
  const version = onnxVersion();
  const where = `${whereOf(wish, usable)} (ONNX Runtime ${version})`;
  return { version, wish, where, providers: [{ provider: 'cpu', problem: null }, ...accelerators] };
}

function whereOf(wish: OnnxWish, usable: readonly OnnxProvider[]): string {
  const names = usable.map((provider) => PROVIDER_NAMES[provider]);
  if (wish === 'auto' && names.length > 0) return `the fastest of CPU, ${names.join(', ')}`;
  return wish !== 'auto' && usable.includes(wish) ? PROVIDER_NAMES[wish] : PROVIDER_NAMES.cpu;
}
