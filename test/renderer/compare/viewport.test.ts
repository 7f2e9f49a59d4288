import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differencePixels } from '../../../renderer/views/compare/difference-pixels.ts';
import { FIT, panBy, placement, toPicture, zoomAt, zoomOf, zoomTo } from '../../../renderer/views/compare/viewport.ts';

const picture = { width: 512, height: 256 };
const pane = { width: 300, height: 400 };

describe('viewport', () => {
  it('fits the whole picture, enlarged no more than twice', () => {
    expect(zoomOf(FIT, pane, picture)).toBeCloseTo(300 / 512);
    expect(zoomOf(FIT, pane, { width: 16, height: 16 })).toBe(2);
    expect(placement(FIT, pane, picture, 1)).toMatchObject({ left: 0, top: 125 });
  });

  it('zooms with the point under the pointer staying where it is, as long as it is on the picture', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 280 }),
        fc.integer({ min: 130, max: 270 }),
        fc.double({ min: 1.1, max: 8, noNaN: true }),
        (x, y, factor) => {
          const before = toPicture(FIT, pane, picture, x, y);
          const zoomed = zoomAt(FIT, pane, picture, x, y, factor);
          const after = toPicture(zoomed, pane, picture, x, y);
          // Placement is on whole pixels of the screen.
          const tolerance = 0.5 / zoomed.zoom! + 1;
          expect(Math.abs(after.x - before.x)).toBeLessThan(tolerance);
          expect(Math.abs(after.y - before.y)).toBeLessThan(tolerance);
        },
      ),
    );
  });

  it('never loses the picture, however far it is dragged or zoomed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: -5000, max: 5000 }))),
        (moves) => {
          let viewport = zoomTo(FIT, pane, picture, 3);
          for (const [dx, dy] of moves) viewport = panBy(viewport, pane, picture, dx, dy);
          const { x, y } = toPicture(viewport, pane, picture, pane.width / 2, pane.height / 2);
          expect(x).toBeGreaterThanOrEqual(-1);
          expect(x).toBeLessThanOrEqual(513);
          expect(y).toBeGreaterThanOrEqual(-1);
          expect(y).toBeLessThanOrEqual(257);
        },
      ),
    );
    expect(zoomAt(FIT, pane, picture, 0, 0, 1e9).zoom).toBe(64);
  });

  it('lies on whole pixels of the screen, whatever its ratio', () => {
    for (const ratio of [1, 1.25, 1.5, 2, 3]) {
      const { left, top } = placement({ zoom: 0.37, centreX: 101.3, centreY: 77.7 }, pane, picture, ratio);
      expect(Math.abs(left * ratio - Math.round(left * ratio))).toBeLessThan(1e-9);
      expect(Math.abs(top * ratio - Math.round(top * ratio))).toBeLessThan(1e-9);
    }
  });
});

describe('difference', () => {
  const one = (...data: number[]) => ({ width: 1, height: 1, data: Uint8ClampedArray.from(data) });

  it('is absolute, per channel, times the gain, and opaque', () => {
    expect([...differencePixels(one(10, 200, 0, 255), one(13, 190, 0, 255), 8).data]).toEqual([24, 80, 0, 255]);
    expect([...differencePixels(one(0, 0, 0, 255), one(255, 1, 0, 255), 32).data]).toEqual([255, 32, 0, 255]);
  });

  it('refuses pictures of two sizes', () => {
    expect(() => differencePixels(one(0, 0, 0, 0), { width: 2, height: 1, data: new Uint8ClampedArray(8) }, 1)).toThrow(
      '1×1 and 2×1',
    );
  });
});
