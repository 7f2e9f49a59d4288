import { expect, test } from 'vitest';
import { matches, showKeys } from '../../renderer/shortcuts/shortcuts.ts';

const press = (
  key: string,
  modifiers: Partial<Record<'ctrlKey' | 'shiftKey' | 'altKey' | 'metaKey', boolean>> = {},
) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...modifiers,
});

test.each([
  ['mod+z', press('z', { ctrlKey: true }), true],
  ['mod+z', press('Z', { ctrlKey: true, shiftKey: true }), false],
  ['mod+shift+z', press('Z', { ctrlKey: true, shiftKey: true }), true],
  ['mod+z', press('z'), false],
  ['mod+z', press('z', { metaKey: true }), false],
  ['?', press('?', { shiftKey: true }), true],
  ['1', press('1'), true],
  ['1', press('1', { ctrlKey: true }), false],
  ['arrowleft', press('ArrowLeft'), true],
  ['arrowleft', press('ArrowLeft', { shiftKey: true }), false],
  ['alt+m', press('m', { altKey: true }), true],
])('%s against a press', (keys, event, expected) => {
  expect(matches(event, keys)).toBe(expected);
});

test('keys are shown as people write them', () => {
  expect(showKeys('mod+shift+z')).toBe('Ctrl+Shift+Z');
  expect(showKeys('arrowleft')).toBe('←');
});
