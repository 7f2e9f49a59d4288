import type { TensorFile } from '../../../mmdit/checkpoint/tensor-file.ts';
import { GraphBuilder, type OnnxGraph, type Value } from '../../../mmdit/onnx/graph-builder.ts';
import { type Convolution, type Layer, type LpipsNetwork, type Slice, slicesOf } from './networks.ts';

/** ImageNet's statistics for inputs in [−1, 1]. */
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];
const EPSILON = 1e-8;

/**
 * LPIPS v0.1 (Zhang et al. 2018): a and b [1, 3, height, width] → distance [1]. `weights` has the network's parameters,
 * checked.
 */
export function buildLpipsGraph(network: LpipsNetwork, weights: TensorFile): Promise<OnnxGraph> {
  const graph = new GraphBuilder(`LPIPS ${network} ${weights.file}`);
  const shape = [1, 3, 'height', 'width'];
  let [a, b] = [graph.input('a', 'F32', shape), graph.input('b', 'F32', shape)].map((input) => {
    const shifted = graph.op('Sub', [input, graph.floats(SHIFT, [1, 3, 1, 1])]);
    return graph.op('Div', [shifted, graph.floats(SCALE, [1, 3, 1, 1])]);
  }) as [Value, Value];
  let distance: Value | null = null;
  for (const slice of slicesOf(network)) {
    for (const layer of slice.layers) {
      a = applyLayer(graph, weights, layer, a);
      b = applyLayer(graph, weights, layer, b);
    }
    const part = sliceDistance(graph, weights, slice, a, b);
    distance = distance === null ? part : graph.op('Add', [distance, part]);
  }
  graph.output('distance', graph.reshape(distance!, [1]), [1]);
  return graph.build();
}

function applyLayer(graph: GraphBuilder, weights: TensorFile, layer: Layer, x: Value): Value {
  const convolve = (input: Value, { name, kernel, stride, pad }: Convolution): Value => {
    const [weight, bias] = [`${name}.weight`, `${name}.bias`].map((key) => graph.weight(weights.tensor(key)));
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
    return graph.op('Relu', [graph.op('Conv', [input, weight!, bias!], attributes)]);
  };
  switch (layer.kind) {
    case 'convolution':
      return convolve(x, layer.convolution);
    case 'pool': {
      const { kernel, ceil } = layer;
      return graph.op('MaxPool', [x], { kernel_shape: [kernel, kernel], strides: [2, 2], ceil_mode: Number(ceil) });
    }
    case 'fire': {
      const squeezed = convolve(x, layer.squeeze);
      const expanded = layer.expand.map((convolution) => convolve(squeezed, convolution));
      return graph.op('Concat', expanded, { axis: 1 });
    }
  }
}

/** The mean over pixels of the weighed squared differences between features of unit length. */
function sliceDistance(graph: GraphBuilder, weights: TensorFile, { head }: Slice, a: Value, b: Value): Value {
  const difference = graph.op('Sub', [unit(graph, a), unit(graph, b)]);
  const squares = graph.op('Mul', [difference, difference]);
  const weighed = graph.op('Conv', [squares, graph.weight(weights.tensor(head))], { kernel_shape: [1, 1] });
  return graph.op('ReduceMean', [weighed], { axes: [0, 1, 2, 3], keepdims: 0 });
}

/** Every pixel's features scaled to length 1. */
function unit(graph: GraphBuilder, features: Value): Value {
  const squares = graph.op('Mul', [features, features]);
  const sum = graph.op('ReduceSum', [squares, graph.ints([1])], { keepdims: 1 });
  return graph.op('Div', [features, graph.op('Sqrt', [graph.op('Add', [sum, graph.floats([EPSILON])])])]);
}
