import { describe, expect, it } from 'vitest';
import type { SweepPoint } from '../../../electron/contract.ts';
import { sweepFigure } from '../../../renderer/views/sweep/sweep-figure.ts';
import {
  columnOf,
  measuredColumns,
  paretoFront,
  QUALITY,
  SAVINGS,
  sweepCsv,
} from '../../../renderer/views/sweep/sweep-metrics.ts';
import { logRangeValues, parseValues } from '../../../renderer/views/sweep/sweep-values.ts';

function point(
  delta: number,
  headConstraint: number | null,
  sparsity: number,
  ssim: number,
  lpips: number | null = null,
): SweepPoint {
  return {
    ...{ delta, headConstraint, sparsity, ssim, lpips, lpipsPaper: lpips === null ? null : lpips / 2 },
    scheme: `point-${delta}-${headConstraint}.scheme.json`,
    ...{ attentionSpeedUp: null, endToEndSpeedUp: 1.5, measuredSpeedUp: null, psnr: ssim === 1 ? null : 30 },
    ...{ onFront: false, pictures: [0] },
  };
}

const POINTS = [
  point(0, 1, 0, 1, 0),
  point(0.2, 1, 0.5, 0.9, 0.2),
  point(0.4, 1, 0.4, 0.8, 0.1),
  point(0.4, null, 0.8, 0.7, 0.4),
];
const [sparsity, ssim, lpips, psnr] = [
  columnOf(SAVINGS, 'sparsity'),
  columnOf(QUALITY, 'ssim'),
  columnOf(QUALITY, 'lpips'),
  columnOf(QUALITY, 'psnr'),
];

describe('the front', () => {
  it('holds what no other point beats, less LPIPS being better', () => {
    expect(paretoFront(POINTS, sparsity, ssim).map((p) => p.sparsity)).toEqual([0, 0.5, 0.8]);
    expect(paretoFront(POINTS, sparsity, lpips).map((p) => p.sparsity)).toEqual([0, 0.4, 0.5, 0.8]);
    expect(paretoFront(POINTS, columnOf(SAVINGS, 'measured'), ssim)).toEqual([]);
  });

  it('is drawn with one series per c, infinite values left out', () => {
    const { data } = sweepFigure(POINTS, sparsity, psnr);
    const series = data.slice(1) as { name: string; x: number[] }[];
    expect(series.map(({ name, x }) => [name, x.length])).toEqual([
      ['c = 1', 2],
      ['no c', 1],
    ]);
  });
});

it('the CSV has a row per point that other programs read', () => {
  const lines = sweepCsv(POINTS).trimEnd().split('\r\n');
  expect(lines[0]).toBe(
    'delta,c,sparsity,attention_speed_up,end_to_end_speed_up,measured_speed_up,ssim,psnr,lpips,lpips_paper',
  );
  expect(lines[4]).toBe('0.4,none,0.8,,1.5,,0.7,30,0.4,0.2');
  expect(lines).toHaveLength(5);
});

it('columns of LPIPS are there where it was measured', () => {
  const keys = (points: readonly SweepPoint[]) => measuredColumns(QUALITY, points).map(({ key }) => key);
  expect(keys(POINTS)).toEqual(['ssim', 'psnr', 'lpips', 'lpipsPaper']);
  expect(keys([point(1, null, 0.5, 0.9)])).toEqual(['ssim', 'psnr']);
});

describe('typed values', () => {
  it('are numbers in any separation, each once', () => {
    expect(parseValues('0.1, 0.2;0.4 0.2', false)).toEqual({ values: [0.1, 0.2, 0.4] });
    expect(parseValues('1 none', true)).toEqual({ values: [1, null] });
  });

  it.each([
    ['', 'At least one value'],
    ['1 two', 'two'],
    ['-1', 'at least 0'],
    ['none', 'none'],
    [Array.from({ length: 40 }, (_, n) => n).join(' '), 'At most 32'],
  ])('%j is refused, saying why', (text, why) => {
    expect(parseValues(text, false)).toMatchObject({ problem: expect.stringContaining(why) });
  });

  it('defaults lie around what the sliders say', () => {
    expect(logRangeValues(0.05, 0.8, 5)).toEqual([0.05, 0.1, 0.2, 0.4, 0.8]);
    expect(logRangeValues(1, 1, 1)).toEqual([1]);
  });
});
