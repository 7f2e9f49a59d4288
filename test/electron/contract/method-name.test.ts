import { expect, test } from 'vitest';
import { methodName } from '../../../electron/contract/fields.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';

const NAMES = [
  'full',
  'cached',
  'cfg',
  'arrow/8',
  'arrow/9999',
  'arrow/8+residual',
  'cfg+arrow/8',
  'cfg+arrow/8+residual',
];
const OTHERS = [
  '',
  'arrow',
  'arrow/0',
  'arrow/12345',
  'cfg+',
  'cfg+full',
  'cached+residual',
  'arrow/8+residual+cfg',
  'Full',
];

test.each([...NAMES, ...OTHERS])('the contract takes "%s" exactly where the engine does', (name) => {
  const isMethod = NAMES.includes(name);
  expect(methodName.safeParse(name).success).toBe(isMethod);
  if (isMethod) expect(() => parseMethod(name)).not.toThrow();
  else expect(() => parseMethod(name)).toThrow();
});
