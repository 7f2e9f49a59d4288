import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../../mmdit/onnx/graph-builder.ts';

export interface PeerInput {
  readonly tokens: number;
  readonly heads: number;
  readonly dim: number;
  /** [tokens, heads, dim] */
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly out: Float32Array;
}

/** The peer: ONNX Runtime's own fused attention (com.microsoft.MultiHeadAttention) with its default settings. */
export async function openOnnxAttention(input: PeerInput, threads: number): Promise<() => Promise<unknown>> {
  const { tokens, heads, dim, out } = input;
  const width = heads * dim;
  const graph = new GraphBuilder('attention');
  const values = ['q', 'k', 'v'].map((name) => graph.input(name, 'F32', [1, tokens, width]));
  graph.output('y', graph.contribOp('MultiHeadAttention', values, { num_heads: heads }), [1, tokens, width]);
  const session = await InferenceSession.create((await graph.build()).bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  const tensor = (data: Float32Array) => new Tensor('float32', data, [1, tokens, width]);
  const feeds = { q: tensor(input.q), k: tensor(input.k), v: tensor(input.v) };
  return () => session.run(feeds, { y: tensor(out) });
}
