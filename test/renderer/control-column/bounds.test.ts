import { expect, test } from 'vitest';
import { parseBound } from '../../../renderer/views/control-column/parse-bound.ts';
import { placeOf } from '../../../renderer/views/control-column/pinned-list.tsx';
import { PRESETS, presetOf } from '../../../renderer/views/control-column/presets.ts';

test('typed bounds: numbers in any notation, and none where it is a value', () => {
  expect(parseBound('0.4', false)).toEqual({ value: 0.4 });
  expect(parseBound(' 4e-3 ', false)).toEqual({ value: 0.004 });
  expect(parseBound('0,25', true)).toEqual({ value: 0.25 });
  expect(parseBound('None', true)).toEqual({ value: null });
  expect(parseBound('∞', true)).toEqual({ value: null });
  expect(parseBound('', true)).toEqual({ value: null });
});

test.each([
  ['', false, 'A number is needed'],
  ['none', false, 'A number is needed'],
  ['x', true, 'A number or "none"'],
  ['-1', true, 'At least 0'],
  ['1e7', false, 'At most 1000000'],
  ['1e7', true, 'At most 1000000, or "none"'],
])('%j (none allowed: %s) is refused: %s', (text, allowNone, problem) => {
  expect(parseBound(text, allowNone)).toEqual({ problem });
});

test('presets are known by their bounds', () => {
  for (const preset of PRESETS) expect(presetOf(preset)).toBe(preset.name);
  expect(presetOf({ delta: 0.2, headConstraint: null })).toBeNull();
});

test('pins say where they are', () => {
  expect(placeOf({ step: 3, layer: null, head: 0, method: 'full' })).toBe('step 3 · all layers · head 0');
});
