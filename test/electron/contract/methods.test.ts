import { describe, expect, it } from 'vitest';
import {
  groupMethods,
  hasVariants,
  methodLabel,
  readMethod,
  sortMethods,
  windowFractions,
} from '../../../electron/contract/methods.ts';

const ALL = [
  'full',
  'cached',
  'cfg+arrow/8',
  'arrow/32',
  'cfg',
  'arrow/8+residual',
  'cfg+arrow/16+residual',
  'arrow/8',
  'cfg+arrow/128',
];

describe('methods for people', () => {
  it.each([
    ['full', 'full'],
    ['arrow/8', 'arrow 1/8'],
    ['arrow/8+residual', 'arrow 1/8 + residual'],
    ['cfg', 'CFG shared'],
    ['cfg+arrow/16', 'CFG shared arrow 1/16'],
    ['cfg+arrow/16+residual', 'CFG shared arrow 1/16 + residual'],
    ['cached', 'cached'],
    ['sliding/8', 'sliding/8'],
  ])('%s is %s', (name, label) => {
    expect(methodLabel(name)).toBe(label);
  });

  it('stand by family, wide windows first, with what the family does not say', () => {
    expect(groupMethods([...ALL, 'sliding/8'])).toEqual([
      { title: 'Full', methods: [{ name: 'full', label: 'full' }] },
      {
        title: 'Arrow',
        methods: [
          { name: 'arrow/8', label: '1/8' },
          { name: 'arrow/32', label: '1/32' },
        ],
      },
      { title: 'Arrow + residual', methods: [{ name: 'arrow/8+residual', label: '1/8' }] },
      {
        title: 'CFG shared',
        methods: [
          { name: 'cfg', label: 'full' },
          { name: 'cfg+arrow/8', label: '1/8' },
          { name: 'cfg+arrow/128', label: '1/128' },
        ],
      },
      { title: 'CFG shared + residual', methods: [{ name: 'cfg+arrow/16+residual', label: '1/16' }] },
      { title: 'Reuse', methods: [{ name: 'cached', label: 'cached' }] },
      { title: 'Other', methods: [{ name: 'sliding/8', label: 'sliding/8' }] },
    ]);
  });

  it('are sorted by family whatever their order', () => {
    const sorted = sortMethods(ALL);
    expect(sorted).toEqual(sortMethods(ALL.toReversed()));
    expect(sorted.toSorted()).toEqual(ALL.toSorted());
    expect(sorted[0]).toBe('full');
    expect(sorted.at(-1)).toBe('cached');
  });
});

describe('what names say', () => {
  it('has every window once, whatever it is used for', () => {
    expect(windowFractions(ALL)).toEqual([8, 16, 32, 128]);
    expect(windowFractions(['full', 'cfg', 'cached', 'sliding/8'])).toEqual([]);
  });

  it('tells whether windows alone tell methods apart', () => {
    expect(hasVariants(['full', 'arrow/8', 'cached', 'sliding/8'])).toBe(false);
    for (const variant of ['cfg', 'arrow/8+residual', 'cfg+arrow/8']) expect(hasVariants(['full', variant])).toBe(true);
  });

  it('is null where a name is no method', () => {
    expect(readMethod('arrow/8+residual')).toEqual({ kind: 'arrow', fraction: 8, residual: true });
    expect(readMethod('arrow/0')).toBeNull();
  });
});
