import { expect, test } from 'vitest';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { keptTensors, residualNeeds } from '../../../mmdit/attention/residual-needs.ts';

const NAMES = ['full', 'arrow/8+residual', 'arrow/4+residual', 'cached', 'cfg', 'arrow/4'];
const plan = (...steps: readonly (readonly string[])[]) => ({
  block: [8, 8] as const,
  methods: NAMES.map(parseMethod),
  layers: ['a'],
  choices: steps.map((heads) => [heads.map((name) => NAMES.indexOf(name))]),
});

test('a full step keeps what is added before the head is full again', () => {
  const needs = residualNeeds(
    plan(
      ['full', 'full', 'full', 'full'],
      ['arrow/8+residual', 'cached', 'full', 'arrow/4'],
      ['arrow/4+residual', 'arrow/8+residual', 'cfg', 'full'],
      ['full', 'full', 'arrow/4+residual', 'arrow/4'],
    ),
  );
  const plain = needs.map(([layer]) =>
    Object.fromEntries([...layer!].map(([fraction, heads]) => [fraction, [...heads]])),
  );
  expect(plain).toEqual([{ 4: [0], 8: [0, 1] }, {}, { 4: [2] }, {}]);
});

test('counts the tensors that a layer keeps', () => {
  expect(keptTensors(plan(['full'], ['cached']))).toBe(1);
  expect(keptTensors(plan(['full', 'full'], ['arrow/8+residual', 'arrow/4+residual']))).toBe(3);
});
