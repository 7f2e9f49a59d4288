import { expect, test } from 'vitest';
import { showEta } from '../../../renderer/views/top-bar/job-status.tsx';

test('the time left is told in whole seconds', () => {
  expect(showEta(0.2)).toBe('1 s left');
  expect(showEta(7.6)).toBe('8 s left');
  expect(showEta(130)).toBe('2 min 10 s left');
});
