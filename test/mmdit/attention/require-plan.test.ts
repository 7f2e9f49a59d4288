import { expect, test } from 'vitest';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { PlanError } from '../../../mmdit/attention/plan-error.ts';
import { requirePlan } from '../../../mmdit/attention/require-plan.ts';
import type { Device } from '../../../mmdit/device/device.ts';
import type { AttentionLayer } from '../../../mmdit/models/mmdit-model.ts';

const device = { requireBlock: () => {} } as unknown as Device;
const layer: AttentionLayer = {
  name: 'blocks.0.attn',
  heads: 2,
  headDim: 8,
  layout: (text, image) => ({ text, image, order: 'text-first' }),
};
const METHODS = ['full', 'cached', 'arrow/8', 'arrow/8+residual', 'cfg', 'cfg+arrow/8'];

function require(steps: readonly (readonly [string, string])[], isGuided = false): () => void {
  const choices = steps.map((heads) => [heads.map((name) => METHODS.indexOf(name))]);
  const plan = { block: [8, 8] as const, methods: METHODS.map(parseMethod), layers: [layer.name], choices };
  return () => requirePlan(plan, [layer], steps.length, device, isGuided);
}

test('a residual follows a full step of its head', () => {
  expect(
    require([
      ['full', 'arrow/8'],
      ['arrow/8+residual', 'arrow/8'],
    ]),
  ).not.toThrow();
  const early = require([
    ['full', 'arrow/8'],
    ['full', 'cached'],
    ['full', 'arrow/8+residual'],
  ]);
  expect(early).toThrow(PlanError);
  expect(early).toThrow('a residual at step 2, blocks.0.attn, head 1');
  expect(
    require([
      ['full', 'cfg'],
      ['full', 'arrow/8+residual'],
    ], true),
  ).not.toThrow();
});

test('nothing is shared without guidance', () => {
  const steps = [
    ['full', 'full'],
    ['full', 'cfg+arrow/8'],
  ] as const;
  expect(require(steps, true)).not.toThrow();
  expect(require(steps)).toThrow(/uses cfg\+arrow\/8, .*this run has none/);
});

test('nothing is cached at step 0', () => {
  expect(require([['full', 'cached']])).toThrow(/caches at step 0/);
});
