import type { AblationFile, AblationResult } from '../../../calibration/ablation/ablation-file.ts';

const BASE: AblationResult['search'] = {
  ...{ delta: 0.2, headConstraint: 1.5, granularity: 'head', threshold: null, candidates: ['cached'] },
};

/** An ablation of which one search is done. */
export function anAblation(changes: Partial<AblationResult> = {}): AblationFile {
  return {
    format: 'arrowhead-ablation',
    version: 1,
    created: '2026-01-02T03:04:05.000Z',
    model: { family: 'flux', name: 'a model |\nof two lines', fingerprint: 'sha256:00' },
    device: 'CPU',
    sampling: {
      scheduler: 'FlowMatchEulerDiscreteScheduler',
      ...{ steps: 20, guidance: 3.5, width: 512, height: 512, textTokens: 24, tokenOrder: 'text-first' },
    },
    settings: {
      base: BASE,
      deltas: [0.2, 0.4],
      headConstraints: [null, 1, 1.5],
      thresholds: [0.05],
      unguided: 'its guidance is built in',
      tables: ['methods', 'constraint', 'budget', 'algorithm'],
      cost: 'flops',
      prompts: ['a'],
      seeds: [0],
      negativePrompt: '',
      evaluation: [{ prompt: 'b', seed: 0, negativePrompt: '' }],
    },
    originals: [{ file: 'original.png', seconds: 2 }],
    results: [
      {
        search: BASE,
        folder: 'searches/cached_delta-0.2_c-1.5',
        ...{ sparsity: 0.676, ssim: 0.951, psnr: 30.4, lpips: null, attentionSpeedUp: 3.09, predictedSpeedUp: 1.2 },
        ...{ measuredSpeedUp: 1.15, searchSeconds: 15.1, pictureSeconds: 1.7, mismatches: 0 },
        ...changes,
      },
    ],
  };
}
