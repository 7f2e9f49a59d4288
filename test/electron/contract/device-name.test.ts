import { expect, it } from 'vitest';
import { deviceName } from '../../../electron/contract/fields.ts';
import { parseDeviceName } from '../../../mmdit/index.ts';

const NAMES = ['auto', 'cpu', 'cuda', 'cuda:0', 'cuda:12+fp8', 'cuda+offload', 'cuda:1+fp8+offload'];
const OTHERS = ['', 'gpu', 'cpu:0', 'auto+fp8', 'cuda:', 'cuda:123', 'cuda+offload+fp8', ' cuda'];

// The window's contract may not import the engine, and says what a device name is for itself.
it.each([...NAMES, ...OTHERS])('contract and engine agree on "%s"', (name) => {
  const isName = NAMES.includes(name);
  expect(deviceName.safeParse(name).success).toBe(isName);
  if (isName) expect(() => parseDeviceName(name)).not.toThrow();
  else expect(() => parseDeviceName(name)).toThrow();
});
