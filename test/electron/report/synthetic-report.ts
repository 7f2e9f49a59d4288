import sharp from 'sharp';
import type { ReportData, ReportPair } from '../../../electron/report/report-data.ts';

export interface SyntheticSize {
  readonly steps: number;
  readonly layers: number;
  readonly heads: number;
}

/** What the published search offers. */
const USUAL = ['arrow/8', 'arrow/16', 'arrow/32', 'cached'];

/** A report's data without a model behind it: errors and choices that look like a search's. */
export async function syntheticReport(
  { steps, layers, heads }: SyntheticSize,
  methods: readonly string[] = USUAL,
): Promise<ReportData> {
  const planMethods = ['full', ...methods];
  const rse = new Float32Array(steps * layers * methods.length * heads);
  const choices = Array.from({ length: steps }, (_, step) =>
    Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: heads }, (_, head) => {
        const base = 10 ** (-3.2 + 2.4 * Math.abs(Math.sin(layer * 1.7 + head * 2.3)) - (1.2 * step) / steps);
        methods.forEach((name, method) => {
          const value = name === 'cached' ? (step === 0 ? Number.NaN : base * 0.7) : base * 2 ** method;
          rse[((step * layers + layer) * methods.length + method) * heads + head] = value;
        });
        const level = [0.002, 0.008, 0.02, 0.04].findIndex((limit) => base < limit);
        if (level < 0) return 0;
        // Of many methods, those that save about as much take turns.
        const turn = (step + layer + head) % Math.floor(methods.length / USUAL.length);
        const choice = methods.length - level - USUAL.length * turn;
        return step === 0 && choice === methods.length ? choice - 1 : choice;
      }),
    ),
  );
  const half = Math.ceil(layers / 3);
  return {
    created: '2025-11-23T04:30:00.000Z',
    version: '0.1.0',
    model: { family: 'flux', name: 'demo-checkpoint', fingerprint: `sha256:${'0123456789abcdef'.repeat(4)}` },
    device: 'AMD EPYC 9R14, 2 threads, AVX-512',
    sampling: {
      scheduler: 'FlowMatchEulerDiscreteScheduler',
      steps,
      guidance: 3.5,
      width: 512,
      height: 512,
      textTokens: 24,
      imageTokens: 1024,
      tokenOrder: 'text-first',
    },
    search: {
      delta: 0.6,
      headConstraint: 1.5,
      granularity: 'head',
      candidates: methods,
      prompts: ['a large red sphere left of a small blue cube on the grass at dusk', 'two <green> cones & "one" torus'],
      seeds: [0, 1],
      negativePrompt: 'fog & <rain>',
      mode: 'progressive',
      cost: 'FLOPs',
      seconds: 48.3,
    },
    table: {
      methods,
      layers: Array.from({ length: layers }, (_, layer) =>
        layer < half ? `transformer_blocks.${layer}.attn` : `single_transformer_blocks.${layer - half}.attn`,
      ),
      steps,
      heads,
      rse,
    },
    plan: { methods: planMethods, choices, block: [32, 32], sparsity: 0.413 },
    pairs: [await syntheticPair('a shiny golden torus right of a tall white cone, desert, noon', 7)],
    commands: [
      { purpose: 'The whole run', line: 'npx arrowhead demo --delta 0.6 --head-constraint 1.5' },
      {
        purpose: 'The search alone',
        line: 'npx arrowhead calibrate --model demo/checkpoint --prompt "a large red sphere left of a small blue cube on the grass at dusk" --seed 0 --delta 0.6 --head-constraint 1.5 --out runs/demo',
      },
    ],
  };
}

async function syntheticPair(prompt: string, seed: number): Promise<ReportPair> {
  const picture = (shift: number): Promise<Buffer> => {
    const pixels = Buffer.from(
      Array.from({ length: 128 * 128 * 3 }, (_, index) => (index * 7 + (index >> 7) * 3 + shift) % 256),
    );
    return sharp(pixels, { raw: { width: 128, height: 128, channels: 3 } })
      .blur(6)
      .png()
      .toBuffer();
  };
  return {
    prompt,
    negativePrompt: 'text',
    seed,
    width: 512,
    height: 512,
    original: await picture(0),
    compressed: await picture(20),
    difference: await picture(90),
    amplification: 8,
    ssim: 0.9312,
    psnr: 27.44,
    lpips: null,
    lpipsPaper: null,
    seconds: { original: 9.8, compressed: 7.1 },
  };
}
