import path from 'node:path';
import { expect, test } from 'vitest';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { T5TextEncoder } from '../../../mmdit/text/t5-text-encoder.ts';
import { GOLDEN, relativeError } from '../onnx/golden.ts';
import { readTensors, type StoredTensor, temporaryFolder, writeComponent } from '../onnx/rewritten-component.ts';

const T5 = path.join(GOLDEN, 't5-tiny/text_encoder_2');
const [CHANNELS, HIDDEN, EPS] = [24, 40, 1e-6];

/** rows of `weight` [out, in] times x. */
function times(weight: Float32Array, x: readonly number[]): number[] {
  return Array.from({ length: weight.length / x.length }, (_, row) =>
    x.reduce((sum, value, column) => sum + value * weight[row * x.length + column]!, 0),
  );
}

function rms(x: readonly number[], weight: Float32Array): number[] {
  const mean = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  return x.map((value, index) => (value / Math.sqrt(mean + EPS)) * weight[index]!);
}

test.each(['relu', 'gated-relu'])('feed_forward_proj "%s" against plain arithmetic', async (feedForward) => {
  const folder = await temporaryFolder();
  const gated = feedForward === 'gated-relu';
  const block = 'encoder.block.0.layer.';
  const tensors = (await readTensors(T5))
    .filter(({ name }) => !name.startsWith('encoder.block.1.'))
    .filter(({ name }) => gated || !name.endsWith('wi_1.weight'))
    .map((tensor): StoredTensor => {
      // Without its output projection, attention adds nothing: what is left is the feed-forward.
      if (tensor.name.endsWith('SelfAttention.o.weight'))
        return { ...tensor, bytes: new Uint8Array(tensor.bytes.length) };
      return gated ? tensor : { ...tensor, name: tensor.name.replace('wi_0', 'wi') };
    });
  const config = { num_layers: 1, feed_forward_proj: feedForward, dense_act_fn: 'relu', is_gated_act: gated };
  await writeComponent(T5, folder, tensors, { config });
  const weight = (name: string) => {
    const { bytes } = tensors.find((tensor) => tensor.name === name)!;
    return new Float32Array(bytes.slice().buffer);
  };

  const ids = [3, 77, 129];
  const expected = ids.flatMap((id) => {
    const x = [...weight('shared.weight').subarray(id * CHANNELS, (id + 1) * CHANNELS)];
    const normal = rms(x, weight(`${block}1.layer_norm.weight`));
    const first = times(weight(`${block}1.DenseReluDense.${gated ? 'wi_0' : 'wi'}.weight`), normal);
    const gate = gated ? times(weight(`${block}1.DenseReluDense.wi_1.weight`), normal) : new Array(HIDDEN).fill(1);
    const active = first.map((value, index) => Math.max(0, value) * gate[index]!);
    const out = times(weight(`${block}1.DenseReluDense.wo.weight`), active);
    return rms(
      x.map((value, index) => value + out[index]!),
      weight('encoder.final_layer_norm.weight'),
    );
  });
  const encoder = await T5TextEncoder.open(await Component.open(folder), ids.length);
  expect(relativeError(await encoder.encode(ids), new Float32Array(expected))).toBeLessThan(1e-5);
  await encoder.close();
});
