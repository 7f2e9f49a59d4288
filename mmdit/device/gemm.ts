import { availableParallelism } from 'node:os';
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-node';
import { GraphBuilder } from '../onnx/graph-builder.ts';
import { OnnxError } from '../onnx/onnx-error.ts';
import { loadOnnxRuntime } from '../onnx/onnx-runtime.ts';

/**
 * y = x · weightᵀ (+ bias) on ONNX Runtime: one session for all products, weights fed as inputs. Measured at the demo's
 * shapes (1,056 rows, 192…960 columns): within 5 % of a session per weight with packed initializers, and without its
 * second copy of every weight and its threads.
 */
export class Gemm {
  readonly #withBias: InferenceSession;
  readonly #plain: InferenceSession;
  readonly #tensor: TensorConstructor;

  private constructor(withBias: InferenceSession, plain: InferenceSession, tensor: TensorConstructor) {
    this.#withBias = withBias;
    this.#plain = plain;
    this.#tensor = tensor;
  }

  /** Throws OnnxError, and OnnxRuntimeMissingError. */
  static async open(threads = availableParallelism()): Promise<Gemm> {
    const { Tensor } = await loadOnnxRuntime();
    return new Gemm(await openSession(true, threads), await openSession(false, threads), Tensor);
  }

  /** x [rows, inner], weight [columns, inner], bias [columns], out [rows, columns], written in place. */
  async multiply(product: {
    readonly x: Float32Array;
    readonly weight: Float32Array;
    readonly bias: Float32Array | null;
    readonly out: Float32Array;
    readonly rows: number;
    readonly inner: number;
    readonly columns: number;
  }): Promise<void> {
    const { x, weight, bias, out, rows, inner, columns } = product;
    const Tensor = this.#tensor;
    const feeds: Record<string, Tensor> = {
      x: new Tensor('float32', x, [rows, inner]),
      weight: new Tensor('float32', weight, [columns, inner]),
    };
    if (bias) feeds.bias = new Tensor('float32', bias, [columns]);
    const session = bias ? this.#withBias : this.#plain;
    try {
      await session.run(feeds, { y: new Tensor('float32', out, [rows, columns]) });
    } catch (cause) {
      const shapes = `[${rows}, ${inner}] · [${columns}, ${inner}]ᵀ`;
      throw new OnnxError('gemm', `ONNX Runtime failed at ${shapes}: ${(cause as Error).message}`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#withBias.release();
    await this.#plain.release();
  }
}

async function openSession(hasBias: boolean, threads: number): Promise<InferenceSession> {
  const graph = new GraphBuilder('gemm');
  const inputs = [graph.input('x', 'F32', ['rows', 'inner']), graph.input('weight', 'F32', ['columns', 'inner'])];
  if (hasBias) inputs.push(graph.input('bias', 'F32', ['columns']));
  graph.output('y', graph.op('Gemm', inputs, { transB: 1 }), ['rows', 'columns']);
  const { bytes } = await graph.build();
  const { InferenceSession } = await loadOnnxRuntime();
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      enableCpuMemArena: true,
      // Idle threads must sleep: our own kernels use the same cores between two products.
      extra: { 'session.intra_op.allow_spinning': '0' },
    });
  } catch (cause) {
    throw new OnnxError('gemm', `ONNX Runtime cannot load the graph: ${(cause as Error).message}`, { cause });
  }
}
