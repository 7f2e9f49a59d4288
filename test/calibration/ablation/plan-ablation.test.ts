import { describe, expect, it } from 'vitest';
import { searchKey, searchSlug } from '../../../calibration/ablation/ablation-search.ts';
import { ABLATION_TABLES, type AblationAxes, planAblation } from '../../../calibration/ablation/plan-ablation.ts';

const base = {
  delta: 0.2,
  headConstraint: 1.5,
  granularity: 'head',
  candidates: ['arrow/8', 'arrow/16', 'cached'],
} as const;
const axes: AblationAxes = {
  base,
  deltas: [0.2, 0.4],
  headConstraints: [null, 1, 1.5],
  tables: ABLATION_TABLES,
};

describe('planAblation', () => {
  it('varies one thing per table, and searches what several tables share once', () => {
    const { tables, searches } = planAblation(axes);
    expect(tables.map(({ id, rows }) => [id, rows.map(({ label }) => label)])).toEqual([
      ['methods', ['arrow', 'cached', 'arrow + cached']],
      ['constraint', ['none', '1', '1.5']],
      ['budget', ['0.2', '0.4']],
      ['granularity', ['every head', 'every layer']],
    ]);
    const of = (table: number, row: number) => searches[tables[table]!.rows[row]!.search!]!;
    expect(of(0, 0)).toEqual({ ...base, candidates: ['arrow/8', 'arrow/16'] });
    expect(of(0, 1)).toEqual({ ...base, candidates: ['cached'] });
    expect(of(1, 0)).toEqual({ ...base, headConstraint: null });
    expect(of(2, 1)).toEqual({ ...base, delta: 0.4 });
    expect(of(3, 1)).toEqual({ ...base, granularity: 'layer' });
    for (const [table, row] of [
      [0, 2],
      [1, 2],
      [2, 0],
      [3, 0],
    ] as const)
      expect(of(table, row)).toEqual(base);
    expect(searches).toHaveLength(7);
    expect(new Set(searches.map(searchKey)).size).toBe(7);
    expect(new Set(searches.map(searchSlug)).size).toBe(7);
  });

  it('says why a row cannot be had, in the place of its search', () => {
    const { tables, searches } = planAblation({
      ...axes,
      base: { ...base, candidates: ['cached'] },
      tables: ['methods'],
    });
    expect(tables).toHaveLength(1);
    expect(tables[0]!.rows).toMatchObject([
      { label: 'arrow', search: null, reason: 'no arrow is among the candidates' },
      { label: 'cached', search: 0, reason: null },
      { label: 'arrow + cached', search: null },
    ]);
    expect(searches).toHaveLength(1);
  });
});

describe('searchSlug', () => {
  it('is a folder name that says what was searched, and never the same for two', () => {
    expect(searchSlug(base)).toBe('arrow-8+arrow-16+cached_delta-0.2_c-1.5');
    expect(searchSlug({ ...base, headConstraint: null, granularity: 'layer' })).toBe(
      'arrow-8+arrow-16+cached_delta-0.2_c-none_by-layer',
    );
    const many = Array.from({ length: 40 }, (_, n) => `arrow/${n + 1}`);
    const slugs = [many, many.slice(0, 39)].map((candidates) => searchSlug({ ...base, candidates }));
    expect(slugs[0]).not.toBe(slugs[1]);
    for (const slug of slugs) expect(slug.length).toBeLessThan(120);
  });
});
