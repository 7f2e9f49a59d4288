import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lpips } from '../../../../calibration/metrics/lpips/lpips.ts';
import { LPIPS_NETWORKS, type LpipsNetwork } from '../../../../calibration/metrics/lpips/networks.ts';
import { writeSafetensors } from '../../../../mmdit/checkpoint/safetensors-writer.ts';
import { goldenImage } from '../golden-image.ts';
import { alexStandIn, asLpips, picture, randomWeights } from './lpips-weights.ts';
import { naiveLpips } from './naive-lpips.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lpips-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Odd and even, so that windows of a pool end at the edge, before it and over it. */
const SIZES: Readonly<Record<LpipsNetwork, readonly (readonly [number, number])[]>> = {
  alex: [[64, 72]],
  vgg: [[21, 16]],
  squeeze: [
    [37, 30],
    [34, 41],
  ],
};

describe.each(LPIPS_NETWORKS)('LPIPS with %s', (network) => {
  it('is what its definition gives in float64, by either protocol', async () => {
    const weights = randomWeights(network);
    const file = path.join(folder, `${network}.safetensors`);
    await writeSafetensors(file, asLpips(network, weights));
    const lpips = await Lpips.open(network, file);
    for (const [width, height] of SIZES[network]) {
      const [a, b] = [picture(1, width, height), picture(2, width, height)];
      const distance = await lpips.distance(a, b, 'standard');
      expect(distance).toBeGreaterThan(0);
      expect(Math.abs(distance / naiveLpips(network, weights, [a, b], -1) - 1)).toBeLessThan(1e-4);
      const paper = await lpips.distance(a, b, 'paper');
      expect(Math.abs(paper / naiveLpips(network, weights, [a, b], 0) - 1)).toBeLessThan(1e-4);
      expect(Math.abs(paper / distance - 1)).toBeGreaterThan(0.01);
      expect(await lpips.distance(a, a, 'standard')).toBe(0);
      expect(await lpips.distance(b, a, 'standard')).toBeCloseTo(distance, 6);
    }
    await lpips.close();
  });
});

it('has the values that torchmetrics gives for the stand-in', async () => {
  const file = path.join(folder, 'stand-in.safetensors');
  await writeSafetensors(file, asLpips('alex', await alexStandIn()));
  const lpips = await Lpips.open('alex', file);
  const values = JSON.parse(await readFile('test/golden/metrics/values.json', 'utf8')) as Record<
    string,
    { readonly lpips_alex_standin: number }
  >;
  for (const [name, { lpips_alex_standin }] of Object.entries(values)) {
    const found = await lpips.distance(await goldenImage('a'), await goldenImage(name), 'standard');
    expect(Math.abs(found / lpips_alex_standin - 1), name).toBeLessThan(1e-4);
  }
  await lpips.close();
});

it('refuses a file that is not its weights, naming the tensor', async () => {
  const file = path.join(folder, 'other.safetensors');
  const tensors = asLpips('alex', randomWeights('alex'));
  await writeSafetensors(
    file,
    tensors.filter(({ name }) => name !== 'lin3.model.1.weight'),
  );
  await expect(Lpips.open('alex', file)).rejects.toThrow(
    'tensor "lin3.model.1.weight": expected [1, 256, 1, 1], found none',
  );
  await writeSafetensors(file, tensors);
  await expect(Lpips.open('squeeze', file)).rejects.toThrow('expected [64, 3, 3, 3], found [64, 3, 11, 11]');
});
