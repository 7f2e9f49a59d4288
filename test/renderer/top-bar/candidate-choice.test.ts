import { expect, test } from 'vitest';
import { methodName } from '../../../electron/contract/fields.ts';
import {
  arrowAs,
  extentOf,
  VARIANTS,
  withMethods,
  withWindow,
} from '../../../renderer/views/top-bar/candidate-choice.ts';

const USUAL = ['arrow/8', 'arrow/16', 'cached'];

test('every variant of a window is a method of its own that the contract takes', () => {
  const names = VARIANTS.map((variant) => arrowAs(8, variant));
  expect(names).toEqual(['arrow/8', 'arrow/8+residual', 'cfg+arrow/8', 'cfg+arrow/8+residual']);
  for (const name of names) expect(methodName.parse(name)).toBe(name);
});

test('a variant is offered for all windows, some or none', () => {
  const mixed = [...USUAL, 'arrow/8+residual'];
  const extents = VARIANTS.map((variant) => extentOf(mixed, [8, 16], variant));
  expect(extents).toEqual(['all', 'some', 'none', 'none']);
  expect(extentOf([], [], 'alone')).toBe('none');
});

test('a new window is offered as the others are, the first one alone', () => {
  const candidates = withMethods(USUAL, ['arrow/8+residual', 'arrow/16+residual'], true);
  expect(withWindow(candidates, [8, 16], 4, true)).toEqual([
    'arrow/4',
    'arrow/8',
    'arrow/16',
    'arrow/4+residual',
    'arrow/8+residual',
    'arrow/16+residual',
    'cached',
  ]);
  expect(withWindow(['cached'], [], 8, true)).toEqual(['arrow/8', 'cached']);
});

test('a window goes with all that it is offered as, and candidates stay in one order', () => {
  const candidates = ['cached', 'cfg+arrow/8+residual', 'cfg', 'arrow/8', 'arrow/16'];
  expect(withWindow(candidates, [8, 16], 8, false)).toEqual(['arrow/16', 'cfg', 'cached']);
  expect(withMethods(['cached'], ['cfg', 'cached'], true)).toEqual(['cfg', 'cached']);
});
