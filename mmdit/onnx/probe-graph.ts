import { float, GraphBuilder, type OnnxGraph, type Value } from './graph-builder.ts';
import type { OnnxInput } from './onnx-session.ts';

/** More than one row block of any attention kernel, and no multiple of one. */
const TOKENS = 77;
const HEADS = 2;
const CHANNELS = 128;
const SIDE = 8;

/** Small graphs of every operator that text encoders and VAE use, to see whether a provider computes them right. */
export async function probeGraph(): Promise<{ graph: OnnxGraph; inputs: Record<string, OnnxInput> }> {
  const graph = new GraphBuilder('probe');
  const tokens = graph.input('tokens', 'F32', [TOKENS, CHANNELS]);
  const image = graph.input('image', 'F32', [1, CHANNELS, SIDE, SIDE]);
  graph.output('causal', attention(graph, normal(graph, tokens), { unidirectional: 1 }), [TOKENS, CHANNELS]);
  const bias = graph.floats(waves(HEADS * TOKENS * TOKENS, 0.3), [1, HEADS, TOKENS, TOKENS]);
  graph.output('biased', attention(graph, rms(graph, tokens), { scale: float(1) }, bias), [TOKENS, CHANNELS]);
  graph.output('mixed', mixed(graph, tokens), [TOKENS, CHANNELS]);
  graph.output('upsampled', upsampled(graph, image), [1, 3, 2 * SIDE, 2 * SIDE]);
  const inputs = {
    tokens: { data: new Float32Array(waves(TOKENS * CHANNELS, 0.7)), shape: [TOKENS, CHANNELS] },
    image: { data: new Float32Array(waves(CHANNELS * SIDE * SIDE, 0.9)), shape: [1, CHANNELS, SIDE, SIDE] },
  };
  return { graph: await graph.build(), inputs };
}

function attention(
  graph: GraphBuilder,
  x: Value,
  attributes: Parameters<GraphBuilder['contribOp']>[2],
  bias: Value | null = null,
): Value {
  const [q, k, v] = [0.2, 0.5, 1.1].map((step) => graph.reshape(linear(graph, x, step), [1, TOKENS, CHANNELS]));
  const inputs = bias === null ? [q!, k!, v!] : [q!, k!, v!, null, null, bias];
  const attended = graph.contribOp('MultiHeadAttention', inputs, { num_heads: HEADS, ...attributes });
  return graph.reshape(attended, [TOKENS, CHANNELS]);
}

function linear(graph: GraphBuilder, x: Value, step: number): Value {
  const weight = waves(CHANNELS * CHANNELS, step).map((value) => value / Math.sqrt(CHANNELS));
  return graph.op('Gemm', [x, graph.floats(weight, [CHANNELS, CHANNELS])], { transB: 1 });
}

function normal(graph: GraphBuilder, x: Value): Value {
  const [weight, bias] = [graph.floats(waves(CHANNELS, 0.4)), graph.floats(waves(CHANNELS, 0.8))];
  return graph.op('LayerNormalization', [x, weight, bias], { axis: -1, epsilon: float(1e-5) });
}

function rms(graph: GraphBuilder, x: Value): Value {
  const meanSquare = graph.op('ReduceMean', [graph.op('Mul', [x, x])], { axes: [-1], keepdims: 1 });
  return graph.op('Div', [x, graph.op('Sqrt', [graph.op('Add', [meanSquare, graph.floats([1e-6])])])]);
}

function mixed(graph: GraphBuilder, x: Value): Value {
  const quick = graph.contribOp('QuickGelu', [x], { alpha: float(1.702) });
  const gated = graph.op('Mul', [graph.contribOp('Gelu', [x], {}), graph.contribOp('FastGelu', [x], {})]);
  return linear(graph, graph.op('Add', [quick, gated]), 0.6);
}

function upsampled(graph: GraphBuilder, x: Value): Value {
  const ones = graph.floats(new Array<number>(4).fill(1));
  const grouped = graph.reshape(x, [0, 4, -1]);
  const even = graph.op('InstanceNormalization', [grouped, ones, graph.floats([0, 0, 0, 0])], { epsilon: float(1e-6) });
  const active = graph.contribOp('QuickGelu', [graph.op('Reshape', [even, graph.op('Shape', [x])])], {
    alpha: float(1),
  });
  const doubled = graph.op('Resize', [active, null, graph.floats([1, 1, 2, 2])], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
  const weight = graph.floats(waves(3 * CHANNELS * 9, 0.35), [3, CHANNELS, 3, 3]);
  return graph.op('Conv', [doubled, weight], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
}

/** Numbers between −1 and 1 that repeat nowhere. */
function waves(count: number, step: number): number[] {
  return Array.from({ length: count }, (_, at) => Math.sin(step * (at + 1) + at ** 2 * 1e-3));
}
