import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatPercent, formatTable } from '../../../electron/cli/format.ts';
import { toJson } from '../../../electron/cli/json.ts';
import { type Progress, partOf, secondsLeft } from '../../../electron/engine/progress.ts';

describe('format', () => {
  it('rounds durations as people would', () => {
    expect([3.04, 48.4, 59.6, 200, 3900].map(formatDuration)).toEqual([
      '3.0 s',
      '48 s',
      '1 min 0 s',
      '3 min 20 s',
      '1 h 5 min',
    ]);
  });

  it('counts memory in binary units', () => {
    expect([0, 900, 2048, 24 * 2 ** 30].map(formatBytes)).toEqual(['0 B', '900 B', '2 KiB', '24.0 GiB']);
    expect(formatPercent(0.4129)).toBe('41.3 %');
  });

  it('aligns numbers to the right and words to the left', () => {
    expect(
      formatTable(
        ['name', 'ms'],
        [
          ['a', '1.5'],
          ['long', '12.0'],
        ],
      ),
    ).toBe('name    ms\na      1.5\nlong  12.0');
  });
});

describe('toJson', () => {
  it('makes one line that every JSON reader takes', () => {
    const text = toJson({ psnr: Number.POSITIVE_INFINITY, bad: Number.NaN, list: Float32Array.of(1, 2), text: 'a\nb' });
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toEqual({ psnr: null, bad: null, list: [1, 2], text: 'a\nb' });
  });
});

describe('progress', () => {
  it('maps a part into its whole', () => {
    const seen: Progress[] = [];
    partOf((progress) => seen.push(progress), 0.5, 0.9)({ value: 0.5, title: 'Painting', detail: '' });
    expect(seen).toEqual([{ value: 0.7, title: 'Painting', detail: '' }]);
  });

  it('tells what is left only when it knows', () => {
    expect(secondsLeft(0, 10)).toBeNull();
    expect(secondsLeft(0.5, 0.2)).toBeNull();
    expect(secondsLeft(0.25, 10)).toBe(30);
    expect(secondsLeft(1, 10)).toBe(0);
  });
});
