/** Every card of the machine computes as the first one does. npm run test:cuda */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { structuralSimilarity } from '../../calibration/metrics/structural-similarity.ts';
import { openDevice, openPipeline, type RgbImage } from '../../mmdit/index.ts';
import { cudaCards } from '../../native-kernels/index.ts';

const FOLDER = 'demo/checkpoint';
const cards = cudaCards();

async function pictureOn(card: number): Promise<RgbImage> {
  const device = await openDevice(`cuda:${card}`);
  const pipeline = await openPipeline(FOLDER, device);
  try {
    const sampling = { ...pipeline.defaults, steps: 4, width: 256, height: 256 };
    const { images } = await pipeline.generate({ samples: [{ prompt: 'a red cube', seed: 3 }], sampling });
    return images[0]!;
  } finally {
    await pipeline.close();
    await device.close();
  }
}

/** Each card times its own matrix products, and may multiply in another order. */
function requireAlike(a: RgbImage, b: RgbImage): void {
  const ssim = structuralSimilarity(a, b);
  assert.ok(ssim >= 0.98, `SSIM ${ssim}`);
}

for (const { index, name } of cards.slice(1)) {
  test(`card ${index}, ${name}`, async () => {
    requireAlike(await pictureOn(index), await pictureOn(0));
  });
}

test('two cards at once', { skip: cards.length < 2 ? 'one card here' : false }, async () => {
  const [first, second] = await Promise.all([pictureOn(0), pictureOn(1)]);
  requireAlike(first, second);
});

test('a card that is not there is named', async () => {
  await assert.rejects(openDevice(`cuda:${cards.length}`), new RegExp(`cuda:${cards.length}|${cards.length}`));
});
