import type { Component } from '../checkpoint/component.ts';
import { GraphBuilder, type OnnxGraph, type Value } from '../onnx/graph-builder.ts';
import { Layers } from '../onnx/layers.ts';
import type { VaeConfig } from './vae-config.ts';

const EPS = 1e-6;

/**
 * The decoder of diffusers' AutoencoderKL.
 * In: `latents` [1, latentChannels, h, w], already scaled and shifted. Out: `image` [1, 3, s·h, s·w] in about [−1, 1].
 */
export async function buildVaeDecoderGraph(component: Component, config: VaeConfig): Promise<OnnxGraph> {
  const graph = new GraphBuilder(`VAE decoder ${component.folder}`);
  const layers = new Layers(graph, component);
  const { latentChannels, groups } = config;
  const blocks = [...config.blockChannels].reverse();
  let channels = blocks[0]!;

  let x = graph.input('latents', 'F32', [1, latentChannels, 'h', 'w']);
  if (config.postQuantConv) x = layers.conv2d(x, 'post_quant_conv', latentChannels, latentChannels, 1);
  x = layers.conv2d(x, 'decoder.conv_in', latentChannels, channels, 3);
  x = midBlock(layers, config, x, channels);
  for (const [index, width] of blocks.entries()) {
    const name = `decoder.up_blocks.${index}`;
    for (let layer = 0; layer <= config.layersPerBlock; layer++) {
      x = resnet(layers, groups, x, `${name}.resnets.${layer}`, channels, width);
      channels = width;
    }
    if (index < blocks.length - 1) x = upsample(layers, x, `${name}.upsamplers.0.conv`, channels);
  }
  x = layers.silu(layers.groupNorm(x, 'decoder.conv_norm_out', channels, groups, EPS));
  graph.output('image', layers.conv2d(x, 'decoder.conv_out', channels, 3, 3), [1, 3, 'height', 'width']);
  return graph.build();
}

function midBlock(layers: Layers, config: VaeConfig, x: Value, channels: number): Value {
  const name = 'decoder.mid_block';
  let y = resnet(layers, config.groups, x, `${name}.resnets.0`, channels, channels);
  if (config.midAttention) y = attention(layers, config.groups, y, `${name}.attentions.0`, channels);
  return resnet(layers, config.groups, y, `${name}.resnets.1`, channels, channels);
}

function resnet(layers: Layers, groups: number, x: Value, name: string, inputs: number, outputs: number): Value {
  const first = layers.silu(layers.groupNorm(x, `${name}.norm1`, inputs, groups, EPS));
  const middle = layers.conv2d(first, `${name}.conv1`, inputs, outputs, 3);
  const second = layers.silu(layers.groupNorm(middle, `${name}.norm2`, outputs, groups, EPS));
  const y = layers.conv2d(second, `${name}.conv2`, outputs, outputs, 3);
  const shortcut = inputs === outputs ? x : layers.conv2d(x, `${name}.conv_shortcut`, inputs, outputs, 1);
  return layers.graph.op('Add', [shortcut, y]);
}

/** Single-head self-attention over all pixels. */
function attention(layers: Layers, groups: number, x: Value, name: string, channels: number): Value {
  const { graph } = layers;
  const shape = graph.op('Shape', [x]);
  const normal = layers.groupNorm(x, `${name}.group_norm`, channels, groups, EPS);
  const pixels = graph.op('Transpose', [graph.reshape(normal, [1, channels, -1])], { perm: [0, 2, 1] });
  const rows = graph.reshape(pixels, [-1, channels]);
  const project = (input: Value, part: string) =>
    layers.linear(input, `${name}.${part}`, channels, channels, { bias: true });
  const [q, k, v] = ['to_q', 'to_k', 'to_v'].map((part) => graph.reshape(project(rows, part), [1, -1, channels])) as [
    Value,
    Value,
    Value,
  ];
  const attended = graph.contribOp('MultiHeadAttention', [q, k, v], { num_heads: 1 });
  const out = graph.reshape(project(graph.reshape(attended, [-1, channels]), 'to_out.0'), [1, -1, channels]);
  const image = graph.op('Reshape', [graph.op('Transpose', [out], { perm: [0, 2, 1] }), shape]);
  return graph.op('Add', [x, image]);
}

function upsample(layers: Layers, x: Value, name: string, channels: number): Value {
  const { graph } = layers;
  const doubled = graph.op('Resize', [x, null, graph.floats([1, 1, 2, 2])], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
  return layers.conv2d(doubled, name, channels, channels, 3);
}
