import type { Component } from '../checkpoint/component.ts';
import { float, type GraphBuilder, type Value } from './graph-builder.ts';

/** Layers of PyTorch with their parameters taken from a component; each checks the shapes that the config implies. */
export class Layers {
  readonly graph: GraphBuilder;
  readonly component: Component;

  constructor(graph: GraphBuilder, component: Component) {
    this.graph = graph;
    this.component = component;
  }

  parameter(name: string, shape: readonly number[]): Value {
    return this.graph.weight(this.component.tensor(name, shape));
  }

  /** nn.Linear. x [rows, in] → [rows, out]. */
  linear(x: Value, name: string, inputs: number, outputs: number, options: { bias: boolean }): Value {
    const weight = this.parameter(`${name}.weight`, [outputs, inputs]);
    const bias = options.bias ? [this.parameter(`${name}.bias`, [outputs])] : [];
    return this.graph.op('Gemm', [x, weight, ...bias], { transB: 1 });
  }

  /** nn.Embedding: only the rows that are asked for are cast. ids [B, T] → [B, T, channels]. */
  embedding(ids: Value, name: string, rows: number, channels: number): Value {
    const table = this.graph.storedWeight(this.component.tensor(name, [rows, channels]));
    return this.graph.toFloat(this.graph.op('Gather', [table, ids], { axis: 0 }));
  }

  /** nn.LayerNorm over the last axis. */
  layerNorm(x: Value, name: string, channels: number, eps: number): Value {
    const weight = this.parameter(`${name}.weight`, [channels]);
    const bias = this.parameter(`${name}.bias`, [channels]);
    return this.graph.op('LayerNormalization', [x, weight, bias], { axis: -1, epsilon: float(eps) });
  }

  /** RMS norm over the last axis, without mean or bias. */
  rmsNorm(x: Value, name: string, channels: number, eps: number): Value {
    const { graph } = this;
    const meanSquare = graph.op('ReduceMean', [graph.op('Mul', [x, x])], { axes: [-1], keepdims: 1 });
    const rms = graph.op('Sqrt', [graph.op('Add', [meanSquare, graph.floats([eps])])]);
    return graph.op('Mul', [graph.op('Div', [x, rms]), this.parameter(`${name}.weight`, [channels])]);
  }

  /** nn.Conv2d with stride 1 and "same" padding. x [B, in, h, w] → [B, out, h, w]. */
  conv2d(x: Value, name: string, inputs: number, outputs: number, kernel: 1 | 3): Value {
    const weight = this.parameter(`${name}.weight`, [outputs, inputs, kernel, kernel]);
    const bias = this.parameter(`${name}.bias`, [outputs]);
    const pad = (kernel - 1) / 2;
    return this.graph.op('Conv', [x, weight, bias], { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad] });
  }

  /** nn.GroupNorm. x [B, channels, h, w]. */
  groupNorm(x: Value, name: string, channels: number, groups: number, eps: number): Value {
    const { graph } = this;
    const ones = graph.floats(new Array<number>(groups).fill(1));
    const zeros = graph.floats(new Array<number>(groups).fill(0));
    const grouped = graph.reshape(x, [0, groups, -1]);
    const normal = graph.op('InstanceNormalization', [grouped, ones, zeros], { epsilon: float(eps) });
    const restored = graph.op('Reshape', [normal, graph.op('Shape', [x])]);
    const perChannel = (parameter: string) => graph.reshape(this.parameter(parameter, [channels]), [1, channels, 1, 1]);
    return graph.op('Add', [graph.op('Mul', [restored, perChannel(`${name}.weight`)]), perChannel(`${name}.bias`)]);
  }

  silu(x: Value): Value {
    return this.graph.contribOp('QuickGelu', [x], { alpha: float(1) });
  }
}
