import type { JobRequest, RequestName, RequestParams, SolveSettings } from '../../../../electron/contract.ts';

const sampling = { steps: 2, guidance: 3.5, width: 64, height: 64 };
const sample = { prompt: 'a red cube', seed: 0 };
/** No checkpoint: nothing here may start real work. */
const model = '/nowhere';
const solve: SolveSettings = {
  run: 'x',
  delta: 1,
  headConstraint: 1.5,
  granularity: 'layer',
  candidates: ['arrow/8', 'cached'],
  pins: [{ step: 1, layer: 0, head: null, method: 'full' }],
  cost: 'flops',
};
const granularity = 'head' as const;
const bounds = { delta: 1, headConstraint: null, granularity, candidates: ['arrow/8'], cost: 'flops' as const };
const plan = { kind: 'scheme' as const, run: 'x', scheme: 'x.scheme.json' };

export const BASE_JOBS: readonly JobRequest[] = [
  { kind: 'generate', model, samples: [sample], sampling, plan, compare: true },
  { kind: 'calibrate', model, prompts: ['a'], seeds: [0], sampling, ...bounds, evaluate: [sample] },
  { kind: 'resume', run: 'x' },
  { kind: 'confirm-search', run: 'x', ...bounds, evaluate: [] },
  {
    kind: 'sweep',
    run: 'x',
    deltas: [1],
    headConstraints: [null, 1],
    granularity,
    candidates: null,
    cost: 'flops',
    samples: [sample],
  },
];

/** One request of every kind that the contract takes, to be spoilt. */
export const BASE_REQUESTS: { readonly [N in RequestName]: RequestParams<N> } = {
  hello: { version: 1 },
  'log.report': { level: 'warn', name: 'Error', message: 'odd', stack: 'at a.js' },
  'log.reveal': {},
  device: {},
  'models.list': {},
  'models.info': { model },
  'models.inspect': { model },
  'models.add': { folder: '/nowhere' },
  'models.remove': { model },
  'models.describeSampling': { model: null, sampling },
  'models.inspectPrompt': { model, prompt: 'a red cube' },
  'settings.get': {},
  'settings.set': { delta: 0.5, layout: { column: 300 } },
  'jobs.start': { job: BASE_JOBS[0]! },
  'jobs.list': {},
  'jobs.cancel': { id: 'x' },
  'runs.list': {},
  'runs.open': { run: 'x' },
  'runs.rename': { run: 'x', name: 'y' },
  'runs.setTags': { run: 'x', tags: ['a'] },
  'runs.delete': { run: 'x' },
  'runs.restore': { run: 'x' },
  'runs.reveal': { run: 'x' },
  'runs.import': {
    fileName: 'a.scheme.json',
    data: new TextEncoder().encode('{"format":"arrowhead-scheme","version":1}'),
  },
  'runs.exportTable': { run: 'x' },
  'calibration.open': { run: 'x' },
  'calibration.solve': solve,
  'calibration.saveScheme': { ...solve, name: 'mine' },
  'schemes.get': { run: 'x', scheme: 'x.scheme.json' },
  'schemes.diff': { a: plan, b: { kind: 'solve', ...solve } },
  'schemes.export': { plan },
  'attention.map': { model, sample, sampling, scheme: null, step: 1, layer: 0, head: 0, fractions: [8] },
  'images.get': { run: 'x', file: 'original.png', maxSize: 64 },
  'images.compare': { a: { run: 'x', file: 'original.png' }, b: { run: 'x', file: 'compressed.png' } },
};
