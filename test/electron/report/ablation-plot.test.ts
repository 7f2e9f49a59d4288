import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { measuredTables } from '../../../calibration/index.ts';
import { ablationPlot } from '../../../electron/report/ablation-plot.ts';
import { anAblation } from '../../calibration/ablation/an-ablation.ts';

/** `<g transform="translate(x y)">` of the points, in order. */
function placesOf(svg: string): readonly (readonly [x: number, y: number])[] {
  const found = svg.matchAll(/translate\(([\d.]+) ([\d.]+)\)"><path d="[^"]+" stroke="#fff"/g);
  return [...found].map(([, x, y]) => [Number(x), Number(y)]);
}

const tables = measuredTables(anAblation());

/** A table with these results in the place of its rows. */
function tableOf(results: readonly { label: string; sparsity: number; ssim: number }[]) {
  const [result] = anAblation().results;
  return {
    ...tables[0]!,
    rows: results.map(({ label, ...values }, n) => ({
      label,
      search: n,
      reason: null,
      result: { ...result!, ...values },
    })),
  };
}

describe('ablationPlot', () => {
  it('is an SVG that can be drawn, with a mark for every result and a name for every table', async () => {
    const svg = ablationPlot(tables, 'attention left out & SSIM <of> a model');
    expect(placesOf(svg)).toHaveLength(4);
    for (const { title } of tables) expect(svg).toContain(`>${title}</text>`);
    expect(svg).toContain('&#38; SSIM &#60;of&#62;');
    const { width, height } = await sharp(Buffer.from(svg))
      .png()
      .toBuffer({ resolveWithObject: true })
      .then(({ info }) => info);
    expect([width, height]).toEqual([760, 470]);
  });

  it('puts more sparsity further right and more SSIM further up, all of it within the axes', () => {
    const svg = ablationPlot(
      [
        tableOf([
          { label: 'a', sparsity: 0.5, ssim: 0.99 },
          { label: 'b', sparsity: 0.9, ssim: 0.8 },
          { label: 'c', sparsity: 0, ssim: 1 },
        ]),
      ],
      'plot',
    );
    const [a, b, c] = placesOf(svg);
    expect(c![0]).toBeLessThan(a![0]);
    expect(a![0]).toBeLessThan(b![0]);
    expect(c![1]).toBeLessThan(a![1]);
    expect(a![1]).toBeLessThan(b![1]);
    for (const [x, y] of [a!, b!, c!]) {
      expect(x).toBeGreaterThanOrEqual(64);
      expect(x).toBeLessThanOrEqual(736);
      expect(y).toBeGreaterThanOrEqual(40);
      expect(y).toBeLessThanOrEqual(392);
    }
  });

  it('turns a label round that would leave the picture, and joins only what has an order', () => {
    const results = [
      { label: 'near', sparsity: 0.2, ssim: 0.9 },
      { label: 'a long name at the right edge', sparsity: 0.9, ssim: 0.8 },
    ];
    const anchors = (svg: string) =>
      [...svg.matchAll(/text-anchor="(start|end)" font-size="11"/g)].map(([, side]) => side);
    const named = ablationPlot([{ ...tableOf(results), varies: 'methods offered' }], 'plot');
    expect(anchors(named)).toEqual(['start', 'end']);
    expect(named).not.toContain('<polyline');
    expect(ablationPlot([{ ...tableOf(results), varies: 'δ' }], 'plot')).toContain('<polyline');
  });

  it('has finite places for one point, for equal points and for none', async () => {
    const one = { label: 'a', sparsity: 0.6, ssim: 0.9 };
    for (const results of [[], [one], [one, one], [{ ...one, sparsity: 0, ssim: 1 }]]) {
      const svg = ablationPlot([tableOf(results)], 'plot');
      expect(svg).not.toMatch(/NaN|Infinity/);
      expect(placesOf(svg)).toHaveLength(results.length);
      await sharp(Buffer.from(svg)).png().toBuffer();
    }
  });
});
