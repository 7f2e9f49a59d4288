import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attentionFlops, attentionPairs } from '../../../mmdit/attention/attention-flops.ts';
import { CACHED, FULL, type HeadMethod, halfWindow, parseMethod } from '../../../mmdit/attention/method.ts';
import { type BlockSize, type TokenLayout, tokenCount } from '../../../mmdit/attention/token-layout.ts';

/** Pairs in blocks that hold text on either side, or that the outward-rounded band of their row block reaches. */
function pairsByDefinition(layout: TokenLayout, [rows, keys]: BlockSize, method: HeadMethod): number {
  const tokens = tokenCount(layout);
  const window = method.kind === 'arrow' ? halfWindow(method.fraction, layout.image) : tokens;
  const firstImage = layout.order === 'text-first' ? layout.text : 0;
  const isText = (token: number) => token < firstImage || token >= firstImage + layout.image;
  let pairs = 0;
  for (let m = 0; m * rows < tokens; m++) {
    for (let n = 0; n * keys < tokens; n++) {
      const own = Array.from({ length: Math.min(rows, tokens - m * rows) }, (_, i) => m * rows + i);
      const others = Array.from({ length: Math.min(keys, tokens - n * keys) }, (_, i) => n * keys + i);
      const touchesText = own.some(isText) || others.some(isText);
      const isInBand = n >= Math.floor((m * rows - window) / keys) && n < Math.ceil(((m + 1) * rows + window) / keys);
      if (touchesText || isInBand) pairs += own.length * others.length;
    }
  }
  return pairs;
}

describe('attentionPairs', () => {
  it('counts the kept blocks as the design defines them', () => {
    const layouts = fc.record({
      text: fc.nat(40),
      image: fc.integer({ min: 1, max: 150 }),
      order: fc.constantFrom('text-first' as const, 'image-first' as const),
    });
    const blocks = fc.tuple(fc.integer({ min: 1, max: 48 }), fc.integer({ min: 1, max: 48 }));
    fc.assert(
      fc.property(layouts, blocks, fc.integer({ min: 1, max: 40 }), (layout, block, fraction) => {
        const method = { kind: 'arrow', fraction } as const;
        expect(attentionPairs(layout, block, method)).toBe(pairsByDefinition(layout, block, method));
      }),
      { numRuns: 300 },
    );
  });
});

describe('attentionFlops', () => {
  const layout = { text: 32, image: 1024, order: 'text-first' } as const;

  it('is two multiply-adds per pair and channel', () => {
    expect(attentionFlops(layout, [32, 32], FULL, 64)).toBe(4 * 1056 ** 2 * 64);
    expect(attentionFlops(layout, [32, 32], FULL, 64, 3)).toBe(3 * 4 * 1056 ** 2 * 64);
    expect(attentionFlops(layout, [32, 32], CACHED, 64)).toBe(0);
  });

  it('is half where the guided half is computed alone; a residual costs none', () => {
    const flops = (name: string) => attentionFlops(layout, [32, 32], parseMethod(name), 64);
    expect(flops('cfg')).toBe(flops('full') / 2);
    expect(flops('cfg+arrow/8+residual')).toBe(flops('arrow/8') / 2);
    expect(flops('arrow/8+residual')).toBe(flops('arrow/8'));
  });

  it('falls with the window and is the same when asked again', () => {
    const layout = { text: 32, image: 4096, order: 'text-first' } as const;
    const flops = [8, 16, 32].map((fraction) => attentionFlops(layout, [32, 32], { kind: 'arrow', fraction }, 64));
    expect(flops).toEqual([...flops].sort((a, b) => b - a));
    expect(new Set(flops).size).toBe(3);
    expect(attentionFlops(layout, [32, 32], { kind: 'arrow', fraction: 8 }, 64)).toBe(flops[0]);
  });
});
