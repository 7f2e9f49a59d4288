import { expect, test } from 'vitest';
import type { ModelInfo, RunDetails, Settings, SolveSettings } from '../../../electron/contract.ts';
import { generationRequest } from '../../../renderer/views/top-bar/generation-request.ts';
import { aCalibration, aModel, aRun, someSettings } from '../examples.ts';

const SOLVE: SolveSettings = {
  run: 'a',
  delta: 0.3,
  headConstraint: null,
  granularity: 'head',
  candidates: ['cached'],
  pins: [],
  cost: 'flops',
};

function state(
  changes: { model?: ModelInfo; settings?: Partial<Settings>; tableOpen?: boolean; openRun?: RunDetails } = {},
) {
  const settings = { ...someSettings(), ...changes.settings };
  const model = changes.model ?? aModel();
  const tableOpen = changes.tableOpen ?? true;
  return {
    settings,
    model,
    calibration: tableOpen ? aCalibration() : null,
    runs: [aRun({ id: 'a' })],
    openRun: changes.openRun ?? null,
    currentSampling: () => settings.sampling ?? model.defaults,
    solveSettings: () => (tableOpen ? SOLVE : null),
  };
}

test('pictures are made under what the sliders say, and compared', () => {
  const generation = generationRequest(state(), 'compare');
  expect(generation?.job).toMatchObject({ kind: 'generate', plan: { kind: 'solve', ...SOLVE }, compare: true });
  expect(generation?.misfits).toEqual([]);
  expect(generationRequest(state(), 'compressed')?.job).toMatchObject({ plan: { kind: 'solve' }, compare: false });
});

test('with full attention, or without a table, there is no plan and nothing to fit', () => {
  const elsewhere = { settings: { sampling: { ...aModel().defaults, steps: 3 } } };
  const full = generationRequest(state(elsewhere), 'full');
  expect(full).toMatchObject({ job: { plan: null, compare: false }, misfits: [] });
  const noTable = generationRequest(state({ ...elsewhere, tableOpen: false }), 'compare');
  expect(noTable).toMatchObject({ job: { plan: null, compare: false }, misfits: [] });
});

test('another model or step count than the table was made for is told', () => {
  const model = { ...aModel(), name: 'Other', fingerprint: 'sha256:other' };
  const sampling = { ...aModel().defaults, steps: 7 };
  expect(generationRequest(state({ model, settings: { sampling } }), 'compare')?.misfits).toEqual([
    { field: 'model', expected: 'Demo', found: 'Other' },
    { field: 'steps', expected: 3, found: 7 },
  ]);
});

test('without a table, the open run’s scheme is used and must fit as well', () => {
  const scheme = { delta: 0.2, headConstraint: null, mode: 'progressive' as const, sparsity: 0.5 };
  const openRun = {
    ...{ summary: aRun({ id: 'imported', name: 'Imported' }), folder: '', device: null, search: null, seconds: {} },
    ...{ schemes: [{ file: 'first.scheme.json', ...scheme }], pictures: [], sweep: [] },
  };
  const source = { kind: 'scheme', run: 'imported', scheme: 'first.scheme.json' };
  expect(generationRequest(state({ tableOpen: false, openRun }), 'compare')).toMatchObject({
    job: { plan: source, compare: true },
    misfits: [],
  });
  const sampling = { ...aModel().defaults, steps: 9 };
  const misfit = generationRequest(state({ tableOpen: false, openRun, settings: { sampling } }), 'compressed');
  expect(misfit).toMatchObject({ job: { plan: source }, misfits: [{ field: 'steps', expected: 3, found: 9 }] });
  expect(generationRequest(state({ tableOpen: false, openRun }), 'full')?.job).toMatchObject({ plan: null });
});

test('nothing can be made before the host has told model and settings', () => {
  expect(generationRequest({ ...state(), model: null }, 'full')).toBeNull();
  expect(generationRequest({ ...state(), settings: null }, 'full')).toBeNull();
});

test('the negative prompt goes along where the model takes one at this guidance', () => {
  const settings = { negativePrompt: 'fog' };
  const samplesAt = (negativePromptsAbove: number | null, guidance: number) => {
    const model = aModel({ negativePromptsAbove, defaults: { ...aModel().defaults, guidance } });
    const job = generationRequest(state({ model, settings }), 'full')?.job;
    return job?.kind === 'generate' ? job.samples : null;
  };
  const [plain, negative] = [
    { prompt: 'a red cube', seed: 0 },
    { prompt: 'a red cube', seed: 0, negativePrompt: 'fog' },
  ];
  expect(samplesAt(1, 5)).toEqual([negative]);
  expect(samplesAt(1, 1)).toEqual([plain]);
  expect(samplesAt(null, 5)).toEqual([plain]);
});
