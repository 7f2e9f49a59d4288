import { describe, expect, test } from 'vitest';
import { addon } from '../../native-kernels/addon.ts';

// index.ts checks first and says more; behind it the binary checks again, so that no caller makes it leave its arrays.
const floats = (count = 256) => new Float32Array(count);
const shape = {
  batch: 1,
  heads: 2,
  dim: 8,
  text: 4,
  image: 12,
  textFirst: true,
  blockRows: 4,
  blockKeys: 4,
  tokenStride: 16,
};
const attention = {
  ...shape,
  scale: 0.3,
  q: floats(),
  k: floats(),
  cancel: new Int32Array(1),
  halfWindows: Int32Array.of(1, 2),
};
const rows = (name: string) => ({ [name]: floats(), [`${name}Offset`]: 0, [`${name}Stride`]: 8 });
const joint = {
  batch: 1,
  tokens: 4,
  heads: 1,
  dim: 2,
  jointTokens: 8,
  tokenOffset: 2,
  q: floats(),
  k: floats(),
  v: floats(),
};

const CALLS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  headwiseAttention: {
    ...attention,
    ...{ batch: 2, text: 2, image: 6, v: floats(), out: floats(), sharesGuidance: Uint8Array.of(0, 1) },
    ...{ addends: [floats()], addendOf: Int32Array.of(-1, 0), subtract: true },
  },
  measureAttention: { ...attention, v: floats(), residuals: [floats(), null], references: [floats()] },
  attentionMap: { ...attention, batchIndex: 0, head: 1, cell: 4, values: floats(16) },
  headwiseRse: { y: floats(), yFull: floats(), batch: 1, tokens: 16, heads: 2, dim: 8 },
  keptKeyRanges: { text: 4, image: 12, textFirst: false, blockRows: 4, blockKeys: 4, halfWindow: 2 },
  layerNormModulate: {
    ...rows('x'),
    ...rows('shift'),
    ...rows('scale'),
    batch: 1,
    tokens: 4,
    channels: 8,
    eps: 0,
    out: floats(),
  },
  rmsNorm: { ...rows('x'), rows: 4, channels: 8, weight: floats(), eps: 0, out: floats() },
  qkNormRope: { ...rows('qkv'), ...joint, normQ: floats(), normK: floats(), eps: 0, cos: floats(), sin: floats() },
  gatedResidual: { ...rows('x'), ...rows('gate'), residual: floats(), batch: 1, tokens: 4, channels: 8 },
  activation: { ...rows('x'), ...rows('out'), rows: 4, channels: 8, kind: 1 },
  convertToFloat32: { bytes: new Uint8Array(64), dtype: 1, count: 32, out: floats() },
  fmaBurst: { rounds: 1 },
};
const JUNK = [
  undefined,
  null,
  -1,
  1.5,
  2 ** 31,
  2 ** 62,
  1e300,
  Number.NaN,
  'x',
  {},
  [],
  floats(0),
  new Uint8Array(3),
  Int32Array.of(-9),
  Int32Array.of(9, 9),
  Uint8Array.of(1, 1),
  [floats(1)],
  [null],
];

describe.each(Object.entries(CALLS))('%s', (name, args) => {
  const call = async (given?: unknown) =>
    (addon as unknown as Record<string, (given: unknown) => unknown>)[name]!(given);

  test('takes what it should', async () => {
    await expect(call(args)).resolves.not.toThrow();
  });

  test('throws at anything else in any argument', async () => {
    for (const junk of [undefined, null, 3, 'x']) await expect(call(junk)).rejects.toThrow();
    for (const key of Object.keys(args)) {
      for (const junk of JUNK) {
        // Some junk is as good as the argument: the point is that the process lives and errors are errors.
        const error = await call({ ...args, [key]: junk }).then(
          () => null,
          (problem: unknown) => problem,
        );
        if (error !== null) expect(error).toBeInstanceOf(Error);
        if (junk === 2 ** 62 && typeof args[key] === 'number' && !['scale', 'eps'].includes(key))
          expect(error, `${key} of 2⁶²`).toBeInstanceOf(TypeError);
      }
    }
  });
});
