import type { RseTable } from '../../calibration/rse/rse-table.ts';
import { uniform } from '../fixtures/synthetic-rse.ts';

/** A valid table of 3 steps, 2 layers, `full` and 3 candidates, 4 heads. */
export function smallTable(changes: Partial<RseTable> = {}): RseTable {
  const [steps, heads] = [3, 4];
  const methods = ['full', 'arrow/8', 'arrow/16', 'cached'];
  const layers = ['transformer_blocks.0.attn', 'single_transformer_blocks.0.attn'];
  const random = uniform(3);
  const width = methods.length * heads;
  const rse = Float32Array.from({ length: steps * layers.length * width }, (_, at) => {
    const method = Math.floor(at / heads) % methods.length;
    if (method === 0) return 0;
    return at < layers.length * width ? Number.NaN : random() * 0.3;
  });
  const layout = { text: 8, image: 64, order: 'text-first' } as const;
  return {
    methods,
    layers,
    steps,
    heads,
    rse,
    model: { family: 'flux', name: 'tiny', fingerprint: 'sha256:00' },
    sampling: {
      scheduler: 'FlowMatchEulerDiscreteScheduler',
      steps,
      guidance: 3.5,
      width: 128,
      height: 128,
      textTokens: 8,
      imageTokens: 64,
      tokenOrder: 'text-first',
      block: [8, 8],
      headDim: 16,
      layouts: [layout, layout],
    },
    search: {
      delta: 0.4,
      headConstraint: 1.5,
      candidates: ['arrow/8', 'arrow/16', 'cached'],
      prompts: ['a red cube'],
      seeds: [0, 1],
      cost: 'flops',
      device: 'test',
    },
    ...changes,
  };
}
