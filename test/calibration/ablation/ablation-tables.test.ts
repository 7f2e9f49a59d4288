import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ablationCsv } from '../../../calibration/ablation/ablation-csv.ts';
import { readAblation, writeAblation } from '../../../calibration/ablation/ablation-file.ts';
import { ablationMarkdown } from '../../../calibration/ablation/ablation-markdown.ts';
import { measuredTables } from '../../../calibration/ablation/ablation-report.ts';
import { CalibrationFileError } from '../../../calibration/calibration-error.ts';
import { anAblation } from './an-ablation.ts';

describe('the tables of an ablation', () => {
  const ablation = anAblation();
  const tables = measuredTables(ablation);
  const markdown = ablationMarkdown(ablation, 'ablation.svg');
  const rowsOf = (title: string) =>
    markdown
      .split(`## ${title}\n\n`)[1]!
      .split('\n\n')[0]!
      .split('\n')
      .map((line) =>
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );

  it('show a result in every table that has its search', () => {
    const found = tables.flatMap(({ id, rows }) => rows.filter(({ result }) => result !== null).map(() => id));
    expect(found).toEqual(['methods', 'constraint', 'budget', 'algorithm']);
  });

  it('are Markdown with as many cells in every row, and numbers for people', () => {
    for (const title of ['Methods', 'Head constraint', 'Error budget', 'Algorithm']) {
      const rows = rowsOf(title);
      expect(new Set(rows.map((cells) => cells.length)).size).toBe(1);
      expect(rows[1]!.slice(1)).toEqual(new Array(8).fill('---:'));
    }
    expect(rowsOf('Head constraint')[4]).toEqual([
      '1.5',
      '67.6 %',
      '0.9510',
      '30.40 dB',
      '–',
      '3.09×',
      '1.20×',
      '1.15×',
      '15.1 s',
    ]);
    expect(rowsOf('Methods')[2]).toEqual([
      'arrow',
      'cannot run: no arrow is among the candidates',
      ...Array(7).fill('–'),
    ]);
    expect(rowsOf('Error budget')[3]![1]).toBe('not made yet');
    expect(markdown).toContain('a model \\| of two lines');
    expect(markdown).toContain('Calibrated on 1 prompt × 1 seed, judged by 1 other picture against');
    expect(markdown).toContain('arrowhead weights --help');
    expect(markdown).not.toContain('did not run as their schemes say');
    expect(ablationMarkdown(anAblation({ mismatches: 3, lpips: 0.1 }), 'x')).toContain(
      'did not run as their schemes say',
    );
    expect(ablationMarkdown(anAblation({ lpips: 0.1 }), 'x')).not.toContain('weights --help');
    expect(ablationMarkdown(anAblation({ psnr: null, attentionSpeedUp: null }), 'x')).toContain('| ∞ |');
  });

  it('are CSV that a program reads back', () => {
    const lines = ablationCsv(tables[1]!).trimEnd().split('\r\n');
    const [header, none, , own] = lines.map((line) => line.split(','));
    expect(none).toHaveLength(header!.length);
    const cells = Object.fromEntries(header!.map((name, n) => [name, own![n]]));
    expect(cells).toMatchObject({ label: '1.5', delta: '0.2', head_constraint: '1.5', sparsity: '0.676', lpips: '' });
    expect(cells).toMatchObject({ candidates: 'cached', psnr_db: '30.4', reason: '' });
    const greedy = { ...ablation.settings.base, threshold: 0.05, delta: 0, headConstraint: null };
    const result = { ...ablation.results[0]!, search: greedy };
    const searched = ablationCsv({
      ...tables[3]!,
      rows: [{ label: 'DiTFastAttn', search: 0, reason: null, result }],
    });
    const labels = ['=1+1', '+1', '-1', '@x', '\t=1'];
    const formulas = { ...tables[1]!, rows: labels.map((label) => ({ ...tables[1]!.rows[0]!, label, result: null })) };
    const guarded = ablationCsv(formulas).split('\r\n').slice(1, -1);
    expect(guarded.map((line) => line.split(',')[0])).toEqual(labels.map((label) => `'${label}`));
    expect(searched.split('\r\n')[1]).toMatch(/^DiTFastAttn,,,head,0\.05,cached,/);
    expect(
      ablationCsv({ ...tables[1]!, rows: [{ label: 'a "b", c', search: null, reason: 'x\ny', result: null }] }),
    ).toMatch(/\r\n"a ""b"", c",+"x\ny"\r\n$/);
  });
});

describe('ablation.json', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ablation-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read as it was written, and refused where it is wrong', async () => {
    const file = path.join(folder, 'ablation.json');
    await writeAblation(file, anAblation());
    expect(await readAblation(file)).toEqual(anAblation());
    for (const [changes, message] of [
      [{ version: 2 }, /version.*newer/],
      [{ results: [{}] }, /results\.0/],
      [{ settings: { ...anAblation().settings, prompts: [] } }, /settings\.prompts/],
      [{ more: 1 }, /more/],
    ] as const) {
      await writeFile(file, JSON.stringify({ ...anAblation(), ...changes }));
      await expect(readAblation(file)).rejects.toThrow(CalibrationFileError);
      await expect(readAblation(file)).rejects.toThrow(message);
    }
  });
});
