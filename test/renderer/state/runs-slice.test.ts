import { describe, expect, test } from 'vitest';
import type { RunSummary } from '../../../electron/contract.ts';
import { createAppStore } from '../../../renderer/state/app-state.ts';
import { followEvents } from '../../../renderer/state/follow-events.ts';
import { aRun } from '../examples.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

const RUNS = [
  aRun({ id: 'c', created: '2026-03-01T00:00:00Z' }),
  aRun({ id: 'b', created: '2026-02-01T00:00:00Z' }),
  aRun({ id: 'a', created: '2026-01-01T00:00:00Z' }),
];

async function loaded() {
  const lists: RunSummary[][] = [RUNS, RUNS.map((run) => (run.id === 'b' ? { ...run, name: 'New' } : { ...run }))];
  const workbench = fakeWorkbench({ 'runs.list': () => ({ runs: lists.shift()!, unreadable: [] }) });
  const store = createAppStore(workbench);
  followEvents(workbench, store);
  await store.getState().loadRuns();
  const change = (run: string, summary: RunSummary | null, reason: string | null = null) =>
    workbench.emit({ event: 'runs.changed', payload: { run, summary, reason } });
  return { workbench, store, change, ids: () => store.getState().runs.map(({ id }) => id) };
}

test('runs that did not change stay the same objects', async () => {
  const { store } = await loaded();
  const before = store.getState().runs;
  await store.getState().loadRuns();
  const { runs } = store.getState();
  expect(runs[0]).toBe(before[0]);
  expect(runs[1]).toMatchObject({ id: 'b', name: 'New' });
});

describe('a change of one run', () => {
  test('takes its place in the list, by its time, and nothing is asked of the host', async () => {
    const { workbench, store, change, ids } = await loaded();
    const before = store.getState().runs;
    change('b', aRun({ id: 'b', name: 'Renamed', created: '2026-02-01T00:00:00Z' }));
    expect(ids()).toEqual(['c', 'b', 'a']);
    expect(store.getState().runs[1]).toMatchObject({ name: 'Renamed' });
    expect(store.getState().runs[0]).toBe(before[0]);
    change('bb', aRun({ id: 'bb', created: '2026-02-15T00:00:00Z' }));
    expect(ids()).toEqual(['c', 'bb', 'b', 'a']);
    change('c', null);
    expect(ids()).toEqual(['bb', 'b', 'a']);
    expect(workbench.asked.map(({ name }) => name)).toEqual(['runs.list']);
  });

  test('a run that cannot be read any more leaves the list for those that cannot, and comes back', async () => {
    const { store, change, ids } = await loaded();
    change('b', null, 'run.json: is not valid JSON');
    expect(ids()).toEqual(['c', 'a']);
    expect(store.getState().unreadableRuns).toEqual([{ id: 'b', reason: 'run.json: is not valid JSON' }]);
    change('b', RUNS[1]!);
    expect(ids()).toEqual(['c', 'b', 'a']);
    expect(store.getState().unreadableRuns).toEqual([]);
  });
});
