/** The demo checkpoint on the card against the processor: pictures, and what a search chooses. npm run test:cuda */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { structuralSimilarity } from '../../calibration/metrics/structural-similarity.ts';
import { calibrate } from '../../calibration/search/calibrate.ts';
import { type Device, openDevice, openPipeline, type Pipeline } from '../../mmdit/index.ts';

const FOLDER = 'demo/checkpoint';
const PROMPTS = ['a red cube left of a blue sphere', 'a large green cone at night'];

let devices: Device[];
let pipelines: Pipeline[];
before(async () => {
  devices = [await openDevice('cpu'), await openDevice('cuda')];
  pipelines = [];
  for (const device of devices) pipelines.push(await openPipeline(FOLDER, device));
});
after(async () => {
  for (const pipeline of pipelines) await pipeline.close();
  for (const device of devices) await device.close();
});

test('pictures without a scheme agree', async (context) => {
  for (const [seed, prompt] of PROMPTS.entries()) {
    const pictures = [];
    for (const pipeline of pipelines) {
      const { images } = await pipeline.generate({ samples: [{ prompt, seed }], sampling: pipeline.defaults });
      pictures.push(images[0]!);
    }
    const ssim = structuralSimilarity(pictures[0]!, pictures[1]!);
    context.diagnostic(`SSIM ${ssim.toFixed(4)}: ${prompt}`);
    assert.ok(ssim >= 0.98, `SSIM ${ssim} of "${prompt}"`);
  }
});

test('a search chooses the same but for near ties', async (context) => {
  const block = devices[1]!.preferredBlock(pipelines[0]!.layers[0]!.headDim);
  const found = [];
  for (const pipeline of pipelines) {
    const candidates = [8, 16, 32].map((fraction) => ({ kind: 'arrow', fraction }) as const);
    found.push(
      await calibrate(pipeline, {
        ...{ prompts: PROMPTS, seeds: [0], sampling: pipeline.defaults, delta: 0.4, headConstraint: 1.5, block },
        candidates: [...candidates, { kind: 'cached' }],
      }),
    );
  }
  const [onCpu, onCuda] = found;
  const flat = (plan: readonly (readonly (readonly number[])[])[]) => plan.flat(2);
  const [a, b] = [flat(onCpu!.scheme.plan), flat(onCuda!.scheme.plan)];
  const same = a.filter((choice, n) => choice === b[n]).length / a.length;
  const difference = Math.abs(onCpu!.scheme.stats.sparsity - onCuda!.scheme.stats.sparsity);
  context.diagnostic(
    `same choices ${(100 * same).toFixed(2)} %, sparsity ${onCpu!.scheme.stats.sparsity} and ${onCuda!.scheme.stats.sparsity}`,
  );
  // A choice that differs changes what later layers and steps see, and with it their measurements.
  assert.ok(same >= 0.9, `only ${same} of the choices are the same`);
  assert.ok(difference <= 0.01, `sparsities differ by ${difference}`);
});
