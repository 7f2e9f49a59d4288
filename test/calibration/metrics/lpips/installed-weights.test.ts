import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareWithLpips } from '../../../../calibration/metrics/lpips/compare-with-lpips.ts';
import {
  addWeights,
  installedWeights,
  weightsFile,
  weightsFolder,
} from '../../../../calibration/metrics/lpips/installed-weights.ts';
import { LEAST_LPIPS_SIZE } from '../../../../calibration/metrics/lpips/lpips.ts';
import { LPIPS_NETWORKS } from '../../../../calibration/metrics/lpips/networks.ts';
import { PUBLISHED_WEIGHTS } from '../../../../calibration/metrics/lpips/published-weights.ts';
import { SafetensorsFile } from '../../../../mmdit/checkpoint/safetensors-file.ts';
import { writeSafetensors } from '../../../../mmdit/checkpoint/safetensors-writer.ts';
import {
  type TorchTensorToWrite,
  legacyFile,
  zipEntries,
  zipFile,
} from '../../../mmdit/checkpoint/torch/torch-writer.ts';
import { lpipsNetwork, whyMissing } from '../../../../electron/contract/lpips.ts';
import { asLpips, asPublished, picture, randomWeights } from './lpips-weights.ts';
import { naiveLpips } from './naive-lpips.ts';

let folder: string;
const before = process.env.ARROWHEAD_HOME;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lpips-weights-'));
});
afterAll(async () => {
  process.env.ARROWHEAD_HOME = before;
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  process.env.ARROWHEAD_HOME = await mkdtemp(path.join(folder, 'home-'));
});

async function written(name: string, bytes: Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return file;
}

const zip = (tensors: readonly TorchTensorToWrite[]) => zipFile(zipEntries(tensors));
const legacy = (tensors: readonly TorchTensorToWrite[]) => legacyFile(tensors, { dict: 'python2' });

describe("a network's weights", () => {
  it.each(LPIPS_NETWORKS)("are taken from its authors' two files, in either order: %s", async (network) => {
    const weights = randomWeights(network);
    const { backbone, heads } = asPublished(weights);
    const files = [
      await written('backbone.pth', (network === 'vgg' ? legacy : zip)(backbone)),
      await written('heads.pth', legacy(heads)),
    ];
    expect(await installedWeights(network)).toBeNull();
    const added = await addWeights(network, files);
    const again = await addWeights(network, files.toReversed());
    expect(added.file).toBe(weightsFile(network));
    expect(again.origins.map(({ name }) => name)).toEqual(['heads.pth', 'backbone.pth']);
    expect(await installedWeights(network)).toEqual(again);
    const kept = await SafetensorsFile.open(added.file);
    expect(kept.names.toSorted()).toEqual(
      asLpips(network, weights)
        .map(({ name }) => name)
        .toSorted(),
    );
    expect(await readdir(weightsFolder())).toEqual([`lpips-${network}.safetensors`]);
  });

  it('are taken from one file with the names of the lpips package or of torchmetrics', async () => {
    const weights = randomWeights('squeeze');
    const tensors = asLpips('squeeze', weights);
    const lpips = path.join(folder, 'lpips.safetensors');
    const doubled = tensors.flatMap((tensor) => {
      const head = /^lin(\d)\.(.*)$/.exec(tensor.name);
      return head ? [tensor, { ...tensor, name: `lins.${head[1]}.${head[2]}` }] : [tensor];
    });
    await writeSafetensors(lpips, doubled);
    const { file } = await addWeights('squeeze', [lpips]);
    const metric = tensors.map(({ name, shape, data }) => ({
      name: `net.${name.replace(/slice(\d)/, (_, slice) => `slices.${slice - 1}`).replace('model.1', 'model.0')}`,
      shape,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    }));
    const values = async () => (await SafetensorsFile.open(file)).readBytes('net.slice3.6.expand3x3.weight');
    const first = await values();
    await addWeights('squeeze', [await written('metric.pth', zip(metric))]);
    expect(await values()).toEqual(first);
  });

  it('measure what the definition says', async () => {
    const weights = randomWeights('squeeze');
    const { backbone, heads } = asPublished(weights);
    const [a, b] = [picture(3, 66, 64), picture(4, 66, 64)];
    const nothing = { lpipsNetwork: 'squeeze', lpips: null, lpipsPaper: null };
    expect(await compareWithLpips(a, b, 'squeeze')).toMatchObject({ ...nothing, lpipsMissing: 'weights' });
    await addWeights('squeeze', [await written('b.pth', zip(backbone)), await written('h.pth', legacy(heads))]);
    const found = await compareWithLpips(a, b, 'squeeze');
    expect(found).toMatchObject({ lpipsNetwork: 'squeeze', lpipsMissing: null });
    expect(found.lpips! / naiveLpips('squeeze', weights, [a, b], -1)).toBeCloseTo(1, 4);
    expect(found.lpipsPaper! / naiveLpips('squeeze', weights, [a, b], 0)).toBeCloseTo(1, 4);
    expect(await compareWithLpips(a, b)).toMatchObject({ lpipsNetwork: 'alex', lpips: null, lpipsMissing: 'weights' });
    const small = [picture(3, 63, 80), picture(4, 63, 80)] as const;
    expect(await compareWithLpips(...small, 'squeeze')).toMatchObject({ ...nothing, lpipsMissing: 'size' });
  });

  it('are opened anew when they were added anew', async () => {
    const [a, b] = [picture(5, 64, 64), picture(6, 64, 64)];
    const measured: (number | null)[] = [];
    for (const seed of [1, 2]) {
      const file = path.join(folder, `seed-${seed}.safetensors`);
      await writeSafetensors(file, asLpips('squeeze', randomWeights('squeeze', seed)));
      await addWeights('squeeze', [file]);
      measured.push((await compareWithLpips(a, b, 'squeeze')).lpips);
    }
    expect(measured[0]).not.toBe(measured[1]);
  });
});

describe('what is not a network’s weights is refused, and what was there stays', () => {
  const weights = randomWeights('alex');
  const { backbone, heads } = asPublished(weights);
  const without = (name: string) => backbone.filter((tensor) => tensor.name !== name);
  const nan = { ...heads[2]!, data: new Uint8Array(new Float32Array(384).fill(Number.NaN).buffer) };

  it.each<[string, readonly (readonly TorchTensorToWrite[])[], string]>([
    ['the backbone alone', [backbone], "has no linear heads; give LPIPS's weights/v0.1/alex.pth as well"],
    ['the heads alone', [heads], "has no AlexNet; give torchvision's alexnet-owt-7be5be79.pth as well"],
    ['the backbone twice', [backbone, backbone], 'is in'],
    [
      'something else as well',
      [backbone, heads, [{ ...heads[0]!, name: 'fc.weight' }]],
      'holds nothing of lpips-alex; it begins with "fc.weight"',
    ],
    ['a bias less', [without('features.6.bias'), heads], 'has no "net.slice3.6.bias" [384], which lpips-alex needs'],
    [
      'a head of no numbers',
      [backbone, [...heads.slice(0, 2), nan, ...heads.slice(3)]],
      '"lin2.model.1.weight": element 0 is NaN',
    ],
  ])('%s', async (_, parts, problem) => {
    const files = await Promise.all(parts.map((tensors, n) => written(`part-${n}.pth`, zip(tensors))));
    await expect(addWeights('alex', files)).rejects.toThrow(problem);
    expect(await installedWeights('alex')).toBeNull();
  });

  it("another network's", async () => {
    const other = asPublished(randomWeights('squeeze'));
    const files = [
      await written('squeeze.pth', zip(other.backbone)),
      await written('squeeze-heads.pth', zip(other.heads)),
    ];
    await expect(addWeights('alex', files)).rejects.toThrow(
      'tensor "features.0.weight": expected [64, 3, 11, 11] for lpips-alex, found [64, 3, 3, 3]; it fits lpips-squeeze',
    );
  });

  it('a file that is not there', async () => {
    await expect(addWeights('alex', [path.join(folder, 'nothing')])).rejects.toThrow('is missing');
  });
});

it('names what is published by the eight digits that torchvision gives', () => {
  for (const files of Object.values(PUBLISHED_WEIGHTS)) {
    const [backbone, heads] = files;
    expect(backbone.name).toContain(backbone.sha256.slice(0, 8));
    for (const { url, sha256 } of [backbone, heads]) {
      expect(url).toMatch(/^https:\/\//);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  }
});

it('is offered by the contract as it is', () => {
  expect(lpipsNetwork.options).toEqual(LPIPS_NETWORKS);
  expect(whyMissing({ width: LEAST_LPIPS_SIZE, height: LEAST_LPIPS_SIZE })).toBe('weights');
  expect(whyMissing({ width: 512, height: LEAST_LPIPS_SIZE - 1 })).toBe('size');
});
