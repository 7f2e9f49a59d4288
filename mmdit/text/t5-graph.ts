import type { Component } from '../checkpoint/component.ts';
import { float, GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import { Layers } from '../onnx/layers.ts';
import { relativeBuckets } from './relative-buckets.ts';
import type { T5Config } from './t5-config.ts';

const BIAS = 'encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight';

/**
 * The T5 encoder for prompts of `tokens` tokens, padding attended like any other token (as the diffusers pipelines run
 * it). In: `ids` [B, T]. Out: `last_hidden_state` [B·T, C]. transformers, modeling_t5.py.
 */
export async function buildT5Graph(component: Component, config: T5Config, tokens: number): Promise<OnnxGraph> {
  const graph = new GraphBuilder(`T5 encoder ${component.folder}`);
  const layers = new Layers(graph, component);
  const { channels } = config;

  const ids = graph.input('ids', 'I64', ['batch', tokens]);
  // Where both are stored they are equal, or untied, and then it is the encoder's own that is looked up.
  const own = 'encoder.embed_tokens.weight';
  const table = component.has(own) ? own : 'shared.weight';
  const bias = positionBias(layers, config, tokens);
  let x = graph.reshape(layers.embedding(ids, table, config.vocabulary, channels), [-1, channels]);
  for (let index = 0; index < config.layers; index++) {
    x = block(layers, config, tokens, x, bias, `encoder.block.${index}`);
  }
  const last = layers.rmsNorm(x, 'encoder.final_layer_norm', channels, config.eps);
  graph.output('last_hidden_state', last, ['rows', channels]);
  return graph.build();
}

/** [1, heads, T, T]; the first block's table serves all blocks. */
function positionBias(layers: Layers, config: T5Config, tokens: number): Value {
  const { graph } = layers;
  const buckets = relativeBuckets(tokens, config.buckets, config.maxDistance);
  const perPair = layers.embedding(graph.ints(buckets, [1, tokens, tokens]), BIAS, config.buckets, config.heads);
  return graph.op('Transpose', [perPair], { perm: [0, 3, 1, 2] });
}

function block(layers: Layers, config: T5Config, tokens: number, x: Value, bias: Value, name: string): Value {
  const { graph } = layers;
  const { channels, heads, headDim, eps } = config;
  const inner = heads * headDim;
  const attention = `${name}.layer.0.SelfAttention`;
  const normal = layers.rmsNorm(x, `${name}.layer.0.layer_norm`, channels, eps);
  const [q, k, v] = ['q', 'k', 'v'].map((part) =>
    graph.reshape(layers.linear(normal, `${attention}.${part}`, channels, inner, { bias: false }), [-1, tokens, inner]),
  ) as [Value, Value, Value];
  // T5 folds the usual 1/√d into its weights.
  const attended = graph.contribOp('MultiHeadAttention', [q, k, v, null, null, bias], {
    num_heads: heads,
    scale: float(1),
  });
  const projected = layers.linear(graph.reshape(attended, [-1, inner]), `${attention}.o`, inner, channels, {
    bias: false,
  });
  const y = graph.op('Add', [x, projected]);
  const fed = feedForward(layers, config, layers.rmsNorm(y, `${name}.layer.1.layer_norm`, channels, eps), name);
  return graph.op('Add', [y, fed]);
}

function feedForward(layers: Layers, config: T5Config, x: Value, name: string): Value {
  const { graph } = layers;
  const { channels, hidden } = config;
  const dense = `${name}.layer.1.DenseReluDense`;
  const into = (part: string) => layers.linear(x, `${dense}.${part}`, channels, hidden, { bias: false });
  const activate = (value: Value) =>
    config.activation === 'relu' ? graph.op('Relu', [value]) : graph.contribOp('FastGelu', [value], {});
  const active = config.gated ? graph.op('Mul', [activate(into('wi_0')), into('wi_1')]) : activate(into('wi'));
  return layers.linear(active, `${dense}.wo`, hidden, channels, { bias: false });
}
