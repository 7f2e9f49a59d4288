import { expect, test } from 'vitest';
import { createAppStore } from '../../../renderer/state/app-state.ts';
import { aRun } from '../examples.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

test('runs that did not change stay the same objects', async () => {
  const lists = [
    [
      aRun({ id: 'a', thumbnail: Uint8Array.of(1, 2) }),
      aRun({ id: 'b' }),
      aRun({ id: 'c', thumbnail: Uint8Array.of(1) }),
    ],
    [
      aRun({ id: 'a', thumbnail: Uint8Array.of(1, 2) }),
      aRun({ id: 'b', name: 'New' }),
      aRun({ id: 'c', thumbnail: Uint8Array.of(2) }),
    ],
  ];
  const workbench = fakeWorkbench({ 'runs.list': () => ({ runs: lists.shift()!, unreadable: [] }) });
  const store = createAppStore(workbench);
  await store.getState().loadRuns();
  const before = store.getState().runs;
  await store.getState().loadRuns();
  const { runs } = store.getState();
  expect(runs[0]).toBe(before[0]);
  expect(runs[1]).toMatchObject({ id: 'b', name: 'New' });
  expect(runs[2]!.thumbnail).toEqual(Uint8Array.of(2));
});
