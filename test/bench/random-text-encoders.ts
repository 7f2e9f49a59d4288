import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TensorToWrite, writeSafetensors } from '../../mmdit/checkpoint/safetensors-writer.ts';

/** A text encoder of a published shape: its config, and tensors by name. */
export interface EncoderShape {
  readonly tokens: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

const SHARD_ELEMENTS = 2 ** 27;
const PATTERN = 2 ** 16;

/** T5-XXL with `layers` of its 24, as in FLUX and SD3; `scale` 0.5 halves its width. */
export function t5(layers: number, scale = 1): EncoderShape {
  const [channels, hidden, heads, vocabulary] = [4096 * scale, 10_240 * scale, 64 * scale, 32_128];
  const block = (index: number) => {
    const attention = ['q', 'k', 'v', 'o'].map((part) => [`0.SelfAttention.${part}.weight`, [channels, channels]]);
    const dense = '1.DenseReluDense';
    const feedForward = [
      [`${dense}.wi_0.weight`, [hidden, channels]],
      [`${dense}.wi_1.weight`, [hidden, channels]],
      [`${dense}.wo.weight`, [channels, hidden]],
    ];
    const norms = [0, 1].map((part) => [`${part}.layer_norm.weight`, [channels]]);
    return [...attention, ...feedForward, ...norms].map(([name, shape]) => [
      `encoder.block.${index}.layer.${name}`,
      shape,
    ]);
  };
  return {
    tokens: 512,
    config: {
      ...{ architectures: ['T5EncoderModel'], d_model: channels, d_kv: 64, d_ff: hidden, num_heads: heads },
      ...{ num_layers: layers, vocab_size: vocabulary, feed_forward_proj: 'gated-gelu', layer_norm_epsilon: 1e-6 },
      ...{ relative_attention_num_buckets: 32, relative_attention_max_distance: 128 },
    },
    tensors: Object.fromEntries([
      ['shared.weight', [vocabulary, channels]],
      ['encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight', [32, heads]],
      ...Array.from({ length: layers }, (_, index) => block(index)).flat(),
      ['encoder.final_layer_norm.weight', [channels]],
    ]),
  };
}

/** CLIP-L and CLIP-G, as in FLUX and SD3. */
export function clip(channels: number, hidden: number, heads: number, layers: number): EncoderShape {
  const [vocabulary, tokens] = [49_408, 77];
  const linear = (name: string, inputs: number, outputs: number) => [
    [`${name}.weight`, [outputs, inputs]],
    [`${name}.bias`, [outputs]],
  ];
  const norm = (name: string) => linear(name, channels, 0).map(([parameter]) => [parameter, [channels]]);
  const layer = (index: number) => {
    const name = `text_model.encoder.layers.${index}`;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((part) =>
        linear(`${name}.self_attn.${part}`, channels, channels),
      ),
      ...norm(`${name}.layer_norm1`),
      ...norm(`${name}.layer_norm2`),
      ...linear(`${name}.mlp.fc1`, channels, hidden),
      ...linear(`${name}.mlp.fc2`, hidden, channels),
    ];
  };
  return {
    tokens,
    config: {
      ...{ architectures: ['CLIPTextModelWithProjection'], hidden_size: channels, intermediate_size: hidden },
      ...{ num_attention_heads: heads, num_hidden_layers: layers, hidden_act: 'gelu', projection_dim: channels },
      ...{ vocab_size: vocabulary, max_position_embeddings: tokens, eos_token_id: 2 },
    },
    tensors: Object.fromEntries([
      ['text_model.embeddings.token_embedding.weight', [vocabulary, channels]],
      ['text_model.embeddings.position_embedding.weight', [tokens, channels]],
      ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
      ...norm('text_model.final_layer_norm'),
      ['text_projection.weight', [channels, channels]],
    ]),
  };
}

/** Writes config and bf16 weights in shards, as save_pretrained does. Returns the bytes of the weights. */
export async function writeEncoder(folder: string, { config, tensors }: EncoderShape): Promise<number> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
  const weightMap: Record<string, string> = {};
  let shard: TensorToWrite[] = [];
  let [elements, shards, bytes] = [0, 0, 0];
  const finish = async () => {
    const file = `model-${++shards}.safetensors`;
    await writeSafetensors(path.join(folder, file), shard);
    for (const { name } of shard) weightMap[name] = file;
    shard = [];
    elements = 0;
  };
  for (const [name, shape] of Object.entries(tensors)) {
    const data = randomBf16(
      shape.reduce((product, length) => product * length, 1),
      name.includes('norm'),
    );
    shard.push({ name, dtype: 'BF16', shape, data });
    elements += data.length;
    bytes += data.byteLength;
    if (elements >= SHARD_ELEMENTS) await finish();
  }
  if (shard.length > 0) await finish();
  await writeFile(path.join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  return bytes;
}

/** Ones for norms; else numbers of about 0.02, which repeat after a while. */
function randomBf16(length: number, isNorm: boolean): Uint16Array {
  const ones = 0x3f80;
  if (isNorm) return new Uint16Array(length).fill(ones);
  const pattern = Uint16Array.from({ length: Math.min(PATTERN, length) }, () => {
    const sign = Math.random() < 0.5 ? 0x8000 : 0;
    return sign | (0x3c00 + Math.floor(Math.random() * 0xc0));
  });
  const data = new Uint16Array(length);
  for (let at = 0; at < length; at += PATTERN) data.set(pattern.subarray(0, Math.min(PATTERN, length - at)), at);
  return data;
}
