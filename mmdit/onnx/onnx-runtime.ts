import { availableParallelism, cpus } from 'node:os';
import type * as OnnxRuntime from 'onnxruntime-node';

/** ONNX Runtime, which not every installation brings, is missing or does not load; the message says what to do. */
export class OnnxRuntimeMissingError extends Error {
  override readonly name = 'OnnxRuntimeMissingError';

  constructor(cause: Error) {
    const isMissing = MISSING.has((cause as NodeJS.ErrnoException).code ?? '');
    super(
      isMissing
        ? 'ONNX Runtime is missing; text encoders, VAE, LPIPS and every matrix product on the CPU need it. Beside a ' +
            'bundle, unpack its second part where the first was: tar xf arrowhead-linux-x64-onnxruntime.tar.xz. In a ' +
            'clone: node scripts/setup.mjs'
        : `ONNX Runtime cannot be loaded: ${cause.message}`,
      { cause },
    );
  }
}

const MISSING = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

let loaded: typeof OnnxRuntime | null = null;

/** Loaded at the first call: what needs no ONNX Runtime works without it. Throws OnnxRuntimeMissingError. */
export async function loadOnnxRuntime(): Promise<typeof OnnxRuntime> {
  // What is computed here is nobody else's business. Its telemetry also reads the process's command line, and the one of
  // 1.30 crashes where that is longer than some 29 kB, as with hundreds of prompts.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  try {
    const runtime = await import('onnxruntime-node');
    // Errors reach the caller as exceptions; the runtime would print them a second time.
    if (loaded === null) runtime.env.logLevel = 'fatal';
    loaded = runtime;
    return runtime;
  } catch (cause) {
    throw new OnnxRuntimeMissingError(cause as Error);
  }
}

/** null before it is loaded. */
export function onnxVersion(): string | null {
  return loaded?.env.versions.node ?? null;
}

/** What rounding depends on where a graph runs on the processor: the runtime and the machine. */
export async function onnxArithmetic(): Promise<string> {
  const { env } = await loadOnnxRuntime();
  return `ONNX Runtime ${env.versions.node}, ${cpus()[0]?.model}, ${availableParallelism()} threads`;
}
