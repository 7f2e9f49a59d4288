import { expect, test } from 'vitest';
import type { Sampling, SamplingDescription } from '../../../electron/contract.ts';
import { createAppStore } from '../../../renderer/state/app-state.ts';
import { createSamplingEditor } from '../../../renderer/views/top-bar/sampling-store.ts';
import { sizeCandidates } from '../../../renderer/views/top-bar/size-presets.ts';
import { aModel, someSettings } from '../examples.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

/** A model that makes multiples of 16 up to 300 pixels wide. */
function describe(sampling: Sampling): SamplingDescription {
  const { width, height } = sampling;
  if (width % 16 !== 0 || height % 16 !== 0 || width > 300)
    throw new Error('width must be a multiple of 16, at most 300');
  const tokenGrid = { columns: width / 16, rows: height / 16 };
  return {
    ...sampling,
    scheduler: 'euler',
    textTokens: 8,
    imageTokens: tokenGrid.columns * tokenGrid.rows,
    tokenOrder: 'text-first',
    tokenGrid,
    block: [32, 32],
  };
}

function editorOf(delays: number[] = []) {
  const workbench = fakeWorkbench({
    'settings.set': () => someSettings(),
    'models.describeSampling': async ({ sampling }) => {
      const delay = delays.shift() ?? 0;
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      return describe(sampling);
    },
  });
  const store = createAppStore(workbench);
  store.setState({ settings: someSettings(), model: aModel() });
  return { store, editor: createSamplingEditor(workbench, store) };
}

test('what the model can make becomes the setting; what it cannot is shown with the reason', async () => {
  const { store, editor } = editorOf();
  await editor.getState().propose({ width: 288 });
  expect(store.getState().settings?.sampling).toMatchObject({ width: 288, height: 256 });
  await editor.getState().propose({ height: 100 });
  expect(editor.getState().refused).toMatchObject({ width: 288, height: 100 });
  expect(editor.getState().problem).toBe('width must be a multiple of 16, at most 300');
  expect(store.getState().settings?.sampling?.height).toBe(256);
  await editor.getState().propose({ height: 112 });
  expect(store.getState().settings?.sampling).toMatchObject({ width: 288, height: 112 });
  expect(editor.getState()).toMatchObject({ refused: null, problem: null });
  await editor.getState().reset();
  expect(store.getState().settings?.sampling).toEqual(aModel().defaults);
});

test('a slow answer about an older wish changes nothing', async () => {
  const { store, editor } = editorOf([30, 0]);
  const slow = editor.getState().propose({ width: 160 });
  const fast = editor.getState().propose({ width: 176 });
  await Promise.all([slow, fast]);
  expect(store.getState().settings?.sampling?.width).toBe(176);
});

test('only sizes that the model can make are offered', async () => {
  const { editor } = editorOf();
  await editor.getState().load();
  const { presets, description } = editor.getState();
  expect(description?.imageTokens).toBe(256);
  expect(presets[0]).toEqual({ width: 256, height: 256 });
  expect(presets.length).toBeGreaterThan(3);
  for (const { width, height } of presets) {
    expect((width % 16) + (height % 16)).toBe(0);
    expect(width).toBeLessThanOrEqual(300);
  }
});

test('presets come although something is typed before they do', async () => {
  const { editor } = editorOf([30]);
  const loading = editor.getState().load();
  await editor.getState().propose({ height: 100 });
  await loading;
  expect(editor.getState().presets).not.toEqual([]);
  expect(editor.getState().problem).toMatch(/multiple of 16/);
});

test('sizes keep to whole tokens and to about the same area, each once', () => {
  const sizes = sizeCandidates({ width: 1024, height: 1024, tokenGrid: { columns: 64, rows: 64 } });
  expect(new Set(sizes.map(({ width, height }) => `${width}×${height}`)).size).toBe(sizes.length);
  for (const { width, height } of sizes.slice(3)) expect(Math.abs((width * height) / 1024 ** 2 - 1)).toBeLessThan(0.05);
  for (const { width, height } of sizes) expect((width % 16) + (height % 16)).toBe(0);
  expect(sizes).toContainEqual({ width: 512, height: 512 });
});
