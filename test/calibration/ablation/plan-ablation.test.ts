import { describe, expect, it } from 'vitest';
import { searchKey, searchSlug } from '../../../calibration/ablation/ablation-search.ts';
import { ABLATION_TABLES, type AblationAxes, planAblation } from '../../../calibration/ablation/plan-ablation.ts';

const base = {
  delta: 0.2,
  headConstraint: 1.5,
  granularity: 'head',
  threshold: null,
  candidates: ['arrow/8', 'arrow/16', 'cached'],
} as const;
const axes: AblationAxes = {
  base,
  deltas: [0.2, 0.4],
  headConstraints: [null, 1, 1.5],
  thresholds: [0.05, 0.1],
  tables: ABLATION_TABLES,
  unguided: 'its guidance is built in',
};

describe('planAblation', () => {
  it('varies one thing per table, and searches what several tables share once', () => {
    const { tables, searches } = planAblation({ ...axes, tables: ['constraint', 'budget', 'algorithm'] });
    expect(tables.map(({ id, rows }) => [id, rows.map(({ label }) => label)])).toEqual([
      ['constraint', ['none', '1', '1.5']],
      ['budget', ['0.2', '0.4']],
      ['algorithm', ['head by head', 'layer by layer', 'DiTFastAttn 0.05', 'DiTFastAttn 0.1']],
    ]);
    const of = (table: number, row: number) => searches[tables[table]!.rows[row]!.search!]!;
    expect(of(0, 0)).toEqual({ ...base, headConstraint: null });
    expect(of(1, 1)).toEqual({ ...base, delta: 0.4 });
    expect(of(2, 1)).toEqual({ ...base, granularity: 'layer' });
    for (const [table, row] of [
      [0, 2],
      [1, 0],
      [2, 0],
    ] as const)
      expect(of(table, row)).toEqual(base);
    expect(searches).toHaveLength(7);
    expect(new Set(searches.map(searchKey)).size).toBe(7);
    expect(new Set(searches.map(searchSlug)).size).toBe(7);
  });

  it('adds one kind of method after the other, of the windows that are offered', () => {
    const { tables, searches } = planAblation({ ...axes, unguided: null, tables: ['methods'] });
    const arrows = ['arrow/8', 'arrow/16'];
    const residuals = ['arrow/8+residual', 'arrow/16+residual'];
    const shared = ['cfg', 'cfg+arrow/8', 'cfg+arrow/16'];
    const both = ['cfg+arrow/8+residual', 'cfg+arrow/16+residual'];
    expect(tables[0]!.rows.map(({ label, search }) => [label, searches[search!]!.candidates])).toEqual([
      ['arrow', arrows],
      ['cached', ['cached']],
      ['arrow + cached', [...arrows, 'cached']],
      ['+ residual sharing', [...arrows, ...residuals, 'cached']],
      ['+ CFG sharing', [...arrows, ...shared, 'cached']],
      ['+ residual and CFG sharing', [...arrows, ...residuals, ...shared, ...both, 'cached']],
    ]);
    for (const search of searches) expect(search).toMatchObject({ delta: 0.2, headConstraint: 1.5 });
    expect(planAblation(axes).searches).toContainEqual(base);
  });

  it('compares with DiTFastAttn as published: its candidates in their order, one window, no δ and c', () => {
    const candidatesOf = (changes: Partial<AblationAxes>) =>
      planAblation({ ...axes, ...changes, tables: ['algorithm'] }).searches.at(-1)!.candidates;
    const greedy = planAblation({ ...axes, tables: ['algorithm'] }).searches.at(-1);
    expect(greedy).toMatchObject({ delta: 0, headConstraint: null, granularity: 'layer', threshold: 0.1 });
    expect(candidatesOf({})).toEqual(['cached', 'arrow/8+residual']);
    expect(candidatesOf({ unguided: null })).toEqual(['cached', 'cfg+arrow/8+residual', 'arrow/8+residual', 'cfg']);
    expect(candidatesOf({ base: { ...base, candidates: ['cached'] } })).toEqual(['cached']);
    expect(searchSlug(greedy!)).toBe('cached+arrow-8+residual_ditfastattn-0.1');
  });

  it('says why a row cannot be had, in the place of its search', () => {
    const rowsOf = (changes: Partial<AblationAxes>) =>
      planAblation({ ...axes, ...changes, tables: ['methods'] }).tables[0]!.rows;
    const reasons = (changes: Partial<AblationAxes>) => rowsOf(changes).map(({ reason }) => reason);
    const unguided = axes.unguided;
    expect(reasons({})).toEqual([null, null, null, null, unguided, unguided]);
    expect(rowsOf({})[4]).toEqual({ label: '+ CFG sharing', search: null, reason: unguided });
    const none = 'no arrow is among the candidates';
    expect(reasons({ base: { ...base, candidates: ['cached'] }, unguided: null })).toEqual([
      none,
      null,
      ...[none, none, none, none],
    ]);
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
