import { expect, test } from 'vitest';
import type { RunDetails, SchemeDiff } from '../../../electron/contract.ts';
import { createAppStore } from '../../../renderer/state/app-state.ts';
import { changedHeads, changedLayers } from '../../../renderer/views/library/scheme-diff/changed-heads.ts';
import { diffFigure } from '../../../renderer/views/library/scheme-diff/diff-figure.ts';
import { createDiffStore } from '../../../renderer/views/library/scheme-diff/diff-store.ts';
import { aRun } from '../examples.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

/** Two steps, two layers, two heads. */
const DIFF: SchemeDiff = {
  steps: 2,
  layers: ['blocks.0', 'blocks.1'],
  heads: 2,
  methods: ['full', 'arrow/8', 'cached'],
  planA: Uint8Array.from([0, 0, 0, 0, 1, 0, 0, 1]),
  planB: Uint8Array.from([0, 0, 0, 0, 1, 2, 2, 2]),
  changed: Float32Array.from([0, 0, 0.5, 1]),
  changedHeads: 3,
  transitions: [{ from: 'full', to: 'cached', heads: 2 }],
  settings: [],
  sparsityA: 0.1,
  sparsityB: 0.4,
};

test('what changed, most first, head by head', () => {
  expect(changedLayers(DIFF)).toEqual([
    { step: 1, layer: 1, heads: 2 },
    { step: 1, layer: 0, heads: 1 },
  ]);
  expect(changedHeads(DIFF, 1, 1)).toEqual([
    { head: 0, from: 'full', to: 'cached' },
    { head: 1, from: 'arrow/8', to: 'cached' },
  ]);
  expect(changedHeads(DIFF, 0, 0)).toEqual([]);
});

test('the picture has layers as rows and steps as columns', () => {
  const [heatmap] = diffFigure(DIFF).data as unknown as { z: number[][]; text: string[][] }[];
  expect(heatmap?.z).toEqual([
    [0, 0.5],
    [0, 1],
  ]);
  expect(heatmap?.text[1]?.[1]).toBe('2 of 2 heads differ');
});

function details(id: string, files: string[]): RunDetails {
  const schemes = files.map((file) => ({
    file,
    delta: 0.2,
    headConstraint: null,
    granularity: 'head',
    mode: 'progressive' as const,
    sparsity: 0.5,
  }));
  return {
    summary: aRun({ id }),
    folder: `/runs/${id}`,
    device: null,
    search: null,
    seconds: {},
    schemes,
    pictures: [],
    sweep: [],
  };
}

test('a run stands for its first scheme; problems are told and go away', async () => {
  const workbench = fakeWorkbench({
    'runs.open': ({ run }) => details(run, run === 'empty' ? [] : ['one.scheme.json', 'two.scheme.json']),
    'schemes.diff': () => DIFF,
  });
  const diffs = createDiffStore(workbench, createAppStore(workbench));
  const { compare } = diffs.getState();
  await compare({ kind: 'scheme', run: 'a', scheme: null }, { kind: 'scheme', run: 'b', scheme: 'two.scheme.json' });
  expect(workbench.asked.at(-1)).toEqual({
    name: 'schemes.diff',
    params: {
      a: { kind: 'scheme', run: 'a', scheme: 'one.scheme.json' },
      b: { kind: 'scheme', run: 'b', scheme: 'two.scheme.json' },
    },
  });
  expect(diffs.getState()).toMatchObject({ diff: DIFF, problem: null, loading: false });
  await compare({ kind: 'scheme', run: 'empty', scheme: null }, { kind: 'sliders' });
  expect(diffs.getState().diff).toBeNull();
  expect(diffs.getState().problem).toMatch(/holds no scheme|No calibration is open/);
  await compare(null, { kind: 'sliders' });
  expect(diffs.getState()).toMatchObject({ diff: null, problem: null });
});
