import { CheckpointError } from '../../mmdit/checkpoint/checkpoint-error.ts';
import { SafetensorsFile } from '../../mmdit/checkpoint/safetensors-file.ts';
import { GraphBuilder, type OnnxGraph, type Value } from '../../mmdit/onnx/graph-builder.ts';
import { LazySession } from '../../mmdit/onnx/lazy-session.ts';
import type { RgbImage } from '../../mmdit/pipeline/pipeline.ts';

/** AlexNet's convolutions as torchvision numbers them, each followed by a ReLU whose output is compared. */
const STAGES = [
  { name: 'net.slice1.0', inputs: 3, outputs: 64, kernel: 11, stride: 4, pad: 2, poolBefore: false },
  { name: 'net.slice2.3', inputs: 64, outputs: 192, kernel: 5, stride: 1, pad: 2, poolBefore: true },
  { name: 'net.slice3.6', inputs: 192, outputs: 384, kernel: 3, stride: 1, pad: 1, poolBefore: true },
  { name: 'net.slice4.8', inputs: 384, outputs: 256, kernel: 3, stride: 1, pad: 1, poolBefore: false },
  { name: 'net.slice5.10', inputs: 256, outputs: 256, kernel: 3, stride: 1, pad: 1, poolBefore: false },
] as const;
/** ImageNet's statistics for inputs in [−1, 1]. */
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];
const EPSILON = 1e-8;
/** Smaller pictures leave AlexNet's last stages without a pixel. */
export const LEAST_LPIPS_SIZE = 64;

/**
 * LPIPS v0.1 with AlexNet (Zhang et al. 2018): how far two pictures look apart, 0 for equal ones. Inputs are scaled to
 * [−1, 1], as its authors do. The weights are a user's: a safetensors file with the names of `lpips.LPIPS(net="alex")`
 * and of torchmetrics (`net.slice1.0.weight`, `lin0.model.1.weight` …).
 */
export class Lpips {
  readonly #session: LazySession;

  private constructor(session: LazySession) {
    this.#session = session;
  }

  /** Reads the header alone. Throws CheckpointError naming the file and the first tensor that is missing or misshapen. */
  static async open(file: string): Promise<Lpips> {
    return new Lpips(new LazySession(await buildGraph(await SafetensorsFile.open(file))));
  }

  /** Of two pictures of one size, at least 64×64. Throws OnnxError. */
  async distance(a: RgbImage, b: RgbImage): Promise<number> {
    const inputs = { a: toInput(a), b: toInput(b) };
    const { distance } = await this.#session.run(inputs, ['distance']);
    return distance[0]!;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

async function buildGraph(weights: SafetensorsFile): Promise<OnnxGraph> {
  const graph = new GraphBuilder(`LPIPS-Alex ${weights.file}`);
  const parameter = (name: string, shape: readonly number[]): Value => {
    const source = weights.entries.has(name) ? weights.tensor(name) : null;
    const found = source === null ? 'none' : `[${source.shape.join(', ')}]`;
    if (source === null || found !== `[${shape.join(', ')}]`) {
      throw new CheckpointError(weights.file, `tensor "${name}": expected [${shape.join(', ')}], found ${found}`);
    }
    return graph.weight(source);
  };
  const shape = [1, 3, 'height', 'width'];
  let [x, y] = [graph.input('a', 'F32', shape), graph.input('b', 'F32', shape)].map((input) => {
    const shifted = graph.op('Sub', [input, graph.floats(SHIFT, [1, 3, 1, 1])]);
    return graph.op('Div', [shifted, graph.floats(SCALE, [1, 3, 1, 1])]);
  }) as [Value, Value];
  let distance: Value | null = null;
  for (const [index, stage] of STAGES.entries()) {
    const { name, inputs, outputs, kernel, stride, pad, poolBefore } = stage;
    const weight = parameter(`${name}.weight`, [outputs, inputs, kernel, kernel]);
    const bias = parameter(`${name}.bias`, [outputs]);
    const features = (input: Value) => {
      const pooled = poolBefore ? graph.op('MaxPool', [input], { kernel_shape: [3, 3], strides: [2, 2] }) : input;
      const pads = [pad, pad, pad, pad];
      const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads };
      return graph.op('Relu', [graph.op('Conv', [pooled, weight, bias], attributes)]);
    };
    x = features(x);
    y = features(y);
    const difference = graph.op('Sub', [unit(graph, x), unit(graph, y)]);
    const linear = parameter(`lin${index}.model.1.weight`, [1, outputs, 1, 1]);
    const weighed = graph.op('Conv', [graph.op('Mul', [difference, difference]), linear], { kernel_shape: [1, 1] });
    const mean = graph.op('ReduceMean', [weighed], { axes: [0, 1, 2, 3], keepdims: 0 });
    distance = distance === null ? mean : graph.op('Add', [distance, mean]);
  }
  graph.output('distance', graph.reshape(distance!, [1]), [1]);
  return graph.build();
}

/** Every pixel's features scaled to length 1. */
function unit(graph: GraphBuilder, features: Value): Value {
  const squares = graph.op('Mul', [features, features]);
  const sum = graph.op('ReduceSum', [squares, graph.ints([1])], { keepdims: 1 });
  return graph.op('Div', [features, graph.op('Sqrt', [graph.op('Add', [sum, graph.floats([EPSILON])])])]);
}

function toInput({ width, height, pixels }: RgbImage): { data: Float32Array; shape: readonly number[] } {
  const count = width * height;
  const data = new Float32Array(3 * count);
  for (let at = 0; at < count; at++) {
    for (let channel = 0; channel < 3; channel++) data[channel * count + at] = pixels[at * 3 + channel]! / 127.5 - 1;
  }
  return { data, shape: [1, 3, height, width] };
}
