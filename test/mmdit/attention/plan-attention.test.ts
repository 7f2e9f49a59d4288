import { expect, it } from 'vitest';
import { CACHED, FULL } from '../../../mmdit/attention/method.ts';
import { neededHeads } from '../../../mmdit/attention/needed-heads.ts';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import type { Device, HeadwiseAttentionCall, Tensor } from '../../../mmdit/device/device.ts';
import type { AttentionCall } from '../../../mmdit/models/mmdit-model.ts';

const LAYOUT = { text: 2, image: 14, order: 'text-first' } as const;
const LAYERS = ['a', 'b'].map((name) => ({ name, heads: 2, headDim: 8, layout: () => LAYOUT }));
const PLAN = {
  block: [8, 8],
  methods: [FULL, CACHED, { kind: 'arrow', fraction: 4 }],
  layers: ['a', 'b'],
  choices: [
    [
      [0, 0],
      [0, 0],
    ],
    [
      [1, 2],
      [2, 1],
    ],
    [
      [2, 2],
      [1, 1],
    ],
  ],
} as const;

function recorder() {
  const calls: HeadwiseAttentionCall[] = [];
  const device = {
    allocate: (shape: readonly number[]) => ({ shape }),
    preferredBlock: () => [16, 16],
    release: () => {},
    headwiseAttention: (call: HeadwiseAttentionCall) => void calls.push(call),
  };
  return { device: device as unknown as Device, calls };
}

function callOf(layer: number): AttentionCall {
  const tensor: Tensor = { shape: [1, 16, 2, 8] };
  return { layer, layout: LAYOUT, q: tensor, k: tensor, v: tensor };
}

it('runs the methods of the step it was asked for, however often and in whatever order layers are called', async () => {
  const { device, calls } = recorder();
  const attention = new PlanAttention(device, LAYERS, PLAN);
  const [first, last] = [attention.step(1), attention.step(2)];
  for (const [hook, layer] of [
    [last, 0],
    [first, 1],
    [first, 1],
    [last, 1],
    [first, 0],
  ] as const)
    await hook(callOf(layer));
  const kinds = calls.map(({ methods }) => methods.map(({ kind }) => kind).join(' '));
  expect(kinds).toEqual(['arrow arrow', 'arrow cached', 'arrow cached', 'cached cached', 'cached arrow']);
});

it('says which heads it will read: none that are cached, shared ones in the second half of the batch alone', () => {
  const { device } = recorder();
  const attention = new PlanAttention(device, LAYERS, PLAN);
  const needed = (step: number, layer: number) => {
    const reads = attention.step(step).needs?.(layer);
    return reads && [0, 1].map((head) => reads(head, 0, 1));
  };
  expect(needed(0, 0)).toBeNull();
  expect(needed(1, 0)).toEqual([false, true]);
  expect(needed(1, 1)).toEqual([true, false]);
  expect(needed(2, 0)).toBeNull();
  expect(needed(2, 1)).toEqual([false, false]);
  expect(new PlanAttention(device, LAYERS, null).step(0).needs).toBeUndefined();

  const guided = neededHeads([CACHED, FULL, { kind: 'arrow', fraction: 8, sharesGuidance: true }]);
  const perSample = [0, 1, 2, 3].map((sample) => [0, 1, 2].map((head) => guided?.(head, sample, 4)));
  expect(perSample).toEqual([
    [false, true, false],
    [false, true, false],
    [false, true, true],
    [false, true, true],
  ]);
});

it('keeps what the device was given, call by call', async () => {
  const { device, calls } = recorder();
  const attention = new PlanAttention(device, LAYERS, PLAN);
  for (const step of [0, 1]) for (const layer of [0, 1]) await attention.step(step)(callOf(layer));
  expect(attention.applied.map(({ step, layer }) => [step, layer])).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  for (const [n, { methods, block, layout }] of attention.applied.entries()) {
    expect(methods).toBe(calls[n]!.methods);
    expect([block, layout]).toEqual([calls[n]!.block, LAYOUT]);
  }
});

it('without a plan everything is full, in the block of the device', async () => {
  const { device } = recorder();
  const attention = new PlanAttention(device, LAYERS, null);
  await attention.step(7)(callOf(1));
  expect(attention.applied).toEqual([{ step: 7, layer: 1, layout: LAYOUT, block: [16, 16], methods: [FULL, FULL] }]);
});
