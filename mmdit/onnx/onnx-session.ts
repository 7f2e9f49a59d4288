import { availableParallelism } from 'node:os';
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-node';
import { trimHeap } from '../../native-kernels/index.ts';
import type { OnnxGraph } from './graph-builder.ts';
import { OnnxError } from './onnx-error.ts';
import { loadOnnxRuntime } from './onnx-runtime.ts';

const FATAL_ONLY = 4;

export interface SessionChoice {
  /**
   * `resident`: casts and layouts of weights are worked out once, when the session opens; needs the weights' float32
   * size. `streamed`: weights stay mapped in the checkpoint's file and are cast when an operator needs them, so that
   * memory holds about one of them at a time.
   */
  readonly weights: 'resident' | 'streamed';
  /** Operators that an accelerator lacks run on the processor. `cpu` where absent. */
  readonly provider?: 'cpu' | 'cuda' | 'webgpu';
}

export interface OnnxInput {
  readonly data: Float32Array | BigInt64Array;
  readonly shape: readonly number[];
}

/**
 * An ONNX graph ready to run.
 *
 * `open` and `run` hold the calling thread until they are done (onnxruntime-node has no asynchronous run), so callers
 * look at their AbortSignal before and after.
 */
export class OnnxSession {
  readonly #graph: string;
  readonly #session: InferenceSession;
  readonly #tensor: TensorConstructor;

  private constructor(graph: string, session: InferenceSession, tensor: TensorConstructor) {
    this.#graph = graph;
    this.#session = session;
    this.#tensor = tensor;
  }

  /** Throws OnnxError, and OnnxRuntimeMissingError. */
  static async open(graph: OnnxGraph, { weights, provider = 'cpu' }: SessionChoice): Promise<OnnxSession> {
    const { InferenceSession, Tensor } = await loadOnnxRuntime();
    const extra: Record<string, string> = { 'session.intra_op.allow_spinning': '0' };
    if (graph.folder !== null) extra['session.model_external_initializers_file_folder_path'] = graph.folder;
    if (weights === 'streamed') {
      // Folding would cast, and prepacking copy, every weight when the session opens.
      extra['optimization.disable_specified_optimizers'] = 'ConstantFolding';
      extra['session.disable_prepacking'] = '1';
    }
    try {
      const session = await InferenceSession.create(graph.bytes, {
        executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
        intraOpNumThreads: availableParallelism(),
        interOpNumThreads: 1,
        graphOptimizationLevel: 'all',
        // An arena would keep the largest run's memory for the life of the session.
        enableCpuMemArena: false,
        // Errors reach the caller as exceptions; the runtime would print them a second time.
        logSeverityLevel: FATAL_ONLY,
        extra,
      });
      return new OnnxSession(graph.name, session, Tensor);
    } catch (cause) {
      throw new OnnxError(graph.name, `ONNX Runtime cannot load the graph: ${reason(cause)}`, { cause });
    }
  }

  /** Runs the graph and returns its float32 outputs by name. Throws OnnxError. */
  async run<Name extends string>(
    inputs: Readonly<Record<string, OnnxInput>>,
    outputs: readonly Name[],
  ): Promise<Readonly<Record<Name, Float32Array>>> {
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, this.#toTensor(input)]));
    try {
      const results = await this.#session.run(feeds, [...outputs]);
      const named = outputs.map((name) => [name, this.#floats(name, results[name]?.data)] as const);
      return Object.fromEntries(named) as Record<Name, Float32Array>;
    } catch (cause) {
      if (cause instanceof OnnxError) throw cause;
      throw new OnnxError(this.#graph, `ONNX Runtime failed while running: ${reason(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
    trimHeap();
  }

  #toTensor({ data, shape }: OnnxInput): Tensor {
    const Tensor = this.#tensor;
    return data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape);
  }

  #floats(name: string, data: unknown): Float32Array {
    if (data instanceof Float32Array) return data;
    throw new OnnxError(this.#graph, `output "${name}" is missing or not float32`);
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
