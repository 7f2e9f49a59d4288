import { expect, test } from 'vitest';
import type { Calibration, Solved, SolveSettings } from '../../../electron/contract.ts';
import { createAppStore } from '../../../renderer/state/app-state.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

const CALIBRATION: Calibration = {
  run: 'a',
  steps: 3,
  layers: ['blocks.0', 'blocks.1'],
  methods: ['full', 'arrow/8', 'cached'],
  heads: 2,
  rse: new Float32Array(3 * 2 * 3 * 2),
  plan: null,
  sampling: null,
  search: {
    delta: 0.4,
    headConstraint: 1.5,
    granularity: 'head',
    candidates: ['arrow/8', 'cached'],
    prompts: [],
    seeds: [],
    cost: 'flops',
    device: '',
  },
  savings: [{ source: 'flops', layers: [[0, 2, 3]] }],
};

function solvedAt({ delta }: { readonly delta: number }): Solved {
  return {
    mode: 'preview',
    plan: new Uint8Array(12),
    rseUsed: new Float32Array(6),
    budgetShare: delta,
    overdrawn: 0,
    ignoredPins: [],
    headsPerMethod: [12, 0, 0],
    saving: 0,
    sparsity: 0,
    attentionSpeedUp: 1,
    endToEndSpeedUp: null,
    milliseconds: 1,
  };
}

/** A host whose answers to `solve` wait until `answer` is called. */
function slowSolver() {
  const waiting: (() => void)[] = [];
  const workbench = fakeWorkbench({
    'calibration.open': () => CALIBRATION,
    'calibration.solve': (params) => new Promise((resolve) => waiting.push(() => resolve(solvedAt(params)))),
  });
  const answer = async () => {
    waiting.shift()?.();
    await settled();
  };
  const solves = () =>
    workbench.asked.filter(({ name }) => name === 'calibration.solve').map(({ params }) => params as SolveSettings);
  return { workbench, answer, solves };
}

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

test('a drag never queues solves: the newest value wins', async () => {
  const { workbench, answer, solves } = slowSolver();
  const store = createAppStore(workbench);
  await store.getState().openCalibration('a');
  for (const delta of [0.5, 0.6, 0.7]) store.getState().tune({ delta }, 'delta');
  expect(solves()).toHaveLength(1);
  await answer();
  expect(solves().map(({ delta }) => delta)).toEqual([0.4, 0.7]);
  expect(store.getState().solving).toBe(true);
  await answer();
  expect(store.getState().solved?.budgetShare).toBe(0.7);
  expect(store.getState().solving).toBe(false);
  expect(solves()).toHaveLength(2);
});

test('a gesture is undone as one, and redone', async () => {
  const { workbench, answer } = slowSolver();
  const store = createAppStore(workbench);
  await store.getState().openCalibration('a');
  await answer();
  const delta = () => store.getState().tuning?.delta;
  store.getState().tune({ delta: 0.5 }, 'delta');
  store.getState().tune({ delta: 0.6 }, 'delta');
  store.getState().endGesture();
  store.getState().tune({ delta: 0.7 }, 'delta');
  store.getState().undo();
  expect(delta()).toBe(0.6);
  store.getState().undo();
  expect(delta()).toBe(0.4);
  store.getState().undo();
  expect(delta()).toBe(0.4);
  store.getState().redo();
  store.getState().redo();
  expect(delta()).toBe(0.7);
  store.getState().resetTuning();
  expect(delta()).toBe(0.4);
  store.getState().undo();
  expect(delta()).toBe(0.7);
});

test('an error of the host is shown, and the next answer takes it back', async () => {
  let fail = true;
  const workbench = fakeWorkbench({
    'calibration.open': () => CALIBRATION,
    'calibration.solve': (params) => {
      if (fail) throw new Error('table is gone');
      return solvedAt(params);
    },
  });
  const store = createAppStore(workbench);
  await store.getState().openCalibration('a');
  await settled();
  expect(store.getState().solveError).toMatchObject({ message: 'table is gone' });
  fail = false;
  store.getState().tune({ delta: 0.9 });
  await settled();
  expect(store.getState().solveError).toBeNull();
  expect(store.getState().solved?.budgetShare).toBe(0.9);
});

test('the selection stays within the open table', async () => {
  const { workbench } = slowSolver();
  const store = createAppStore(workbench);
  store.getState().select({ layer: 40, head: 20 });
  await store.getState().openCalibration('a');
  expect(store.getState().selection).toEqual({ step: 1, layer: 1, head: 1 });
  store.getState().select({ step: -4, head: 0 });
  expect(store.getState().selection).toEqual({ step: 0, layer: 1, head: 0 });
});
