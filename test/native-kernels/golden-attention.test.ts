import path from 'node:path';
import { expect, test } from 'vitest';
import { SafetensorsFile } from '../../mmdit/checkpoint/safetensors-file.ts';
import { FULL_HEAD, headwiseAttention, type KernelTokenLayout, measureAttention } from '../../native-kernels/index.ts';
import { relativeError } from './naive-attention.ts';

// PyTorch's own values in float64, of token-level arrows (block 1 × 1).
const golden = await SafetensorsFile.open(path.join(import.meta.dirname, '../golden/attention-tokens.safetensors'));

async function floats(name: string): Promise<Float32Array> {
  const bytes = await golden.readBytes(name);
  return new Float32Array(bytes.slice().buffer);
}

/** Golden tensors are [B, H, N, D] with one batch and one head, which is also [B, N, H, D]. */
async function goldenInputs() {
  const [, , tokens, dim] = golden.entries.get('0.q')!.shape as [number, number, number, number];
  const text = 44;
  return {
    ...{ q: await floats('0.q'), k: await floats('0.k'), v: await floats('0.v') },
    ...{ batch: 1, heads: 1, dim, block: [1, 1] as const, text, image: tokens - text },
  };
}

async function attention(order: KernelTokenLayout['order'], halfWindow: number) {
  const { text, image, ...input } = await goldenInputs();
  const out = new Float32Array(input.q.length).fill(Number.NaN);
  await headwiseAttention({ ...input, layout: { text, image, order }, out, halfWindows: Int32Array.of(halfWindow) });
  return out;
}

test('full attention', async () => {
  expect(relativeError(await attention('text-first', FULL_HEAD), await floats('0.full'))).toBeLessThan(1e-6);
});

test.each([
  ['text-first', 16],
  ['image-first', 48],
] as const)('arrow: %s, half-window %i', async (order, halfWindow) => {
  const expected = await floats(`0.${order.replace('-', '_')}.half${halfWindow}.token.out`);
  expect(relativeError(await attention(order, halfWindow), expected)).toBeLessThan(1e-6);
});

test.each([
  ['text-first', 16],
  ['image-first', 48],
] as const)('RSE, %s, half-window %i', async (order, halfWindow) => {
  const { text, image, ...input } = await goldenInputs();
  const halfWindows = Int32Array.of(64, 48, 16);
  const layout = { text, image, order };
  const sums = await measureAttention({ ...input, layout, halfWindows, references: [] });
  const variance = sums.sumOfSquares[0]! - sums.sum[0]! ** 2 / sums.count;
  const [expected] = await floats(`0.${order.replace('-', '_')}.half${halfWindow}.token.rse`);
  const measured = sums.arrow[halfWindows.indexOf(halfWindow)]![0]! / variance;
  expect(Math.abs(measured / expected! - 1)).toBeLessThan(1e-5);
});
