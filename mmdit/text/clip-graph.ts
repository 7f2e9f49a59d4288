import type { Component } from '../checkpoint/component.ts';
import { float, GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import { Layers } from '../onnx/layers.ts';
import type { ClipConfig } from './clip-config.ts';

const QUICK_GELU_ALPHA = 1.702;

/**
 * The CLIP text transformer for prompts of `tokens` tokens.
 * In: `ids` [B, T], `pool_rows` [B], the rows of the flattened [B·T] tokens to pool.
 * Out: `last_hidden_state` and `penultimate` [B·T, C] (the latter before the last layer, not normalised), `pooled`
 * [B, C], and `text_embeds` [B, P] where the model projects. transformers, modeling_clip.py.
 */
export async function buildClipGraph(component: Component, config: ClipConfig, tokens: number): Promise<OnnxGraph> {
  const graph = new GraphBuilder(`CLIP text model ${component.folder}`);
  const layers = new Layers(graph, component);
  const { channels } = config;
  // Released checkpoints keep the prefix; transformers 5 drops it where nothing is projected.
  const root = component.has('text_model.final_layer_norm.weight') ? 'text_model.' : '';

  const ids = graph.input('ids', 'I64', ['batch', tokens]);
  const rows = graph.input('pool_rows', 'I64', ['batch']);
  const words = layers.embedding(ids, `${root}embeddings.token_embedding.weight`, config.vocabulary, channels);
  const positions = layers.embedding(
    graph.ints(Array.from({ length: tokens }, (_, position) => position)),
    `${root}embeddings.position_embedding.weight`,
    config.maxTokens,
    channels,
  );
  let x = graph.reshape(graph.op('Add', [words, positions]), [-1, channels]);
  let penultimate = x;
  for (let index = 0; index < config.layers; index++) {
    penultimate = x;
    x = encoderLayer(layers, config, tokens, x, `${root}encoder.layers.${index}`);
  }
  const last = layers.layerNorm(x, `${root}final_layer_norm`, channels, config.eps);
  const pooled = graph.op('Gather', [last, rows], { axis: 0 });

  graph.output('last_hidden_state', last, ['rows', channels]);
  graph.output('penultimate', penultimate, ['rows', channels]);
  graph.output('pooled', pooled, ['batch', channels]);
  if (config.projection !== null) {
    const projected = layers.linear(pooled, 'text_projection', channels, config.projection, { bias: false });
    graph.output('text_embeds', projected, ['batch', config.projection]);
  }
  return graph.build();
}

function encoderLayer(layers: Layers, config: ClipConfig, tokens: number, x: Value, name: string): Value {
  const { graph } = layers;
  const { channels, hidden, eps } = config;
  const project = (input: Value, part: string) =>
    layers.linear(input, `${name}.self_attn.${part}`, channels, channels, { bias: true });

  const normal = layers.layerNorm(x, `${name}.layer_norm1`, channels, eps);
  const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map((part) =>
    graph.reshape(project(normal, part), [-1, tokens, channels]),
  ) as [Value, Value, Value];
  const attended = graph.contribOp('MultiHeadAttention', [q, k, v], { num_heads: config.heads, unidirectional: 1 });
  const y = graph.op('Add', [x, project(graph.reshape(attended, [-1, channels]), 'out_proj')]);

  const inner = layers.linear(
    layers.layerNorm(y, `${name}.layer_norm2`, channels, eps),
    `${name}.mlp.fc1`,
    channels,
    hidden,
    { bias: true },
  );
  const active =
    config.activation === 'quick_gelu'
      ? graph.contribOp('QuickGelu', [inner], { alpha: float(QUICK_GELU_ALPHA) })
      : graph.contribOp('Gelu', [inner], {});
  return graph.op('Add', [y, layers.linear(active, `${name}.mlp.fc2`, hidden, channels, { bias: true })]);
}
