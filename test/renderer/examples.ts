import type { Calibration, Job, ModelInfo, RunSummary, Settings } from '../../electron/contract.ts';

/** Small values of the contract for tests, each complete; tests change what they are about. */

export function someSettings(changes: Partial<Settings> = {}): Settings {
  return {
    theme: 'system',
    model: null,
    samples: [{ prompt: 'a red cube', seed: 0 }],
    negativePrompt: '',
    sampling: null,
    delta: 0.2,
    headConstraint: 1.5,
    granularity: 'head',
    candidates: ['arrow/8', 'cached'],
    cost: 'flops',
    device: 'auto',
    openRun: null,
    layout: {},
    ...changes,
  };
}

export function aModel(changes: Partial<ModelInfo> = {}): ModelInfo {
  return {
    id: 'demo',
    name: 'Demo',
    folder: '/models/demo',
    isDemo: true,
    problem: null,
    family: 'flux',
    fingerprint: 'sha256:demo',
    layers: [{ name: 'blocks.0', heads: 2, headDim: 64 }],
    defaults: { steps: 3, guidance: 3.5, width: 256, height: 256 },
    negativePromptsAbove: null,
    prompts: { default: 'a', calibration: ['b', 'c', 'd', 'e', 'f'], evaluation: ['a', 'g', 'h'] },
    ...changes,
  };
}

/** Three steps, two layers, two heads; every RSE is 0.1, the first step has none. */
export function aCalibration(changes: Partial<Calibration> = {}): Calibration {
  const rse = new Float32Array(3 * 2 * 3 * 2).fill(0.1).fill(Number.NaN, 0, 12);
  for (const row of Array(6).keys()) rse.fill(0, row * 6, row * 6 + 2);
  return {
    run: 'a',
    steps: 3,
    layers: ['blocks.0', 'blocks.1'],
    methods: ['full', 'arrow/8', 'cached'],
    heads: 2,
    rse,
    plan: null,
    sampling: null,
    search: {
      delta: 0.4,
      headConstraint: 1.5,
      granularity: 'head',
      candidates: ['arrow/8', 'cached'],
      prompts: ['a red cube'],
      seeds: [0],
      cost: 'flops',
      device: 'CPU',
    },
    savings: [
      {
        source: 'flops',
        layers: [
          [0, 2, 3],
          [0, 2, 3],
        ],
      },
    ],
    ...changes,
  };
}

export function aRun(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    id: 'a',
    name: 'First',
    kind: 'calibration',
    created: '2026-01-02T03:04:05Z',
    status: 'finished',
    error: null,
    tags: [],
    prompt: 'a red cube',
    model: { family: 'flux', name: 'Demo', fingerprint: 'sha256:demo' },
    sampling: { steps: 3, guidance: 3.5, width: 256, height: 256 },
    delta: 0.2,
    headConstraint: 1.5,
    sparsity: 0.63,
    ssim: 0.978,
    lpips: null,
    hasTable: true,
    resumable: false,
    parent: null,
    thumbnail: null,
    ...changes,
  };
}

export function aJob(changes: Partial<Job> = {}): Job {
  return {
    id: 'j1',
    request: { kind: 'resume', run: 'a' },
    title: 'Resume First',
    status: 'running',
    position: 0,
    created: '2026-01-02T03:04:05Z',
    started: '2026-01-02T03:04:06Z',
    ended: null,
    progress: { value: 0.5, title: 'Calibrating', detail: 'step 2 of 3', etaSeconds: 9 },
    notices: [],
    run: 'a',
    error: null,
    ...changes,
  };
}
