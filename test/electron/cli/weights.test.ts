import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePng } from '../../../electron/engine/png.ts';
import { asPublished, picture, randomWeights } from '../../calibration/metrics/lpips/lpips-weights.ts';
import { legacyFile, zipEntries, zipFile } from '../../mmdit/checkpoint/torch/torch-writer.ts';
import { runArrowhead } from './run-arrowhead.ts';

let folder: string;
const before = process.env.ARROWHEAD_HOME;
const at = (name: string): string => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-weights-'));
  process.env.ARROWHEAD_HOME = at('home');
  const { backbone, heads } = asPublished(randomWeights('squeeze'));
  await writeFile(at('backbone.pth'), zipFile(zipEntries(backbone)));
  await writeFile(at('heads.pth'), legacyFile(heads, { dict: 'python2' }));
  await writePng(at('a.png'), picture(1, 64, 80));
  await writePng(at('b.png'), picture(2, 64, 80));
  await writePng(at('small-a.png'), picture(1, 32, 32));
  await writePng(at('small-b.png'), picture(2, 32, 32));
});
afterAll(async () => {
  process.env.ARROWHEAD_HOME = before;
  await rm(folder, { recursive: true });
});

const compare = async (...args: string[]) =>
  JSON.parse((await runArrowhead('compare', at('a.png'), at('b.png'), ...args, '--json')).stdout);

it('weights that are not there are said to be missing, with the command that adds them', async () => {
  const list = await runArrowhead('weights', 'list');
  expect(list.stdout).toMatch(/lpips-alex +not installed\nlpips-vgg +not installed\nlpips-squeeze +not installed\n/);
  expect(list.stderr).toBe('Add them with: npx arrowhead weights add lpips-alex --download\n');
  const { stdout, stderr } = await runArrowhead('compare', at('a.png'), at('b.png'), '--lpips', 'vgg');
  expect(stdout).toMatch(/LPIPS \(VGG16\) +–\n/);
  expect(stderr).toContain('To add them: npx arrowhead weights add lpips-vgg --download');
  const small = await runArrowhead('compare', at('small-a.png'), at('small-b.png'));
  expect(small.stderr).toBe('LPIPS is for pictures of at least 64×64\n');
});

describe('arrowhead weights add', () => {
  it("takes its authors' two files, and compare has their numbers", async () => {
    const added = await runArrowhead('weights', 'add', 'lpips-squeeze', at('heads.pth'), at('backbone.pth'));
    expect(added).toMatchObject({
      code: 0,
      stdout: `lpips-squeeze is kept in ${at('home/weights/lpips-squeeze.safetensors')}.\n`,
    });
    expect(added.stderr).toContain('not byte for byte the published files');
    const listed = JSON.parse((await runArrowhead('weights', 'list', '--json')).stdout);
    expect(listed.weights[2]).toMatchObject({ name: 'lpips-squeeze', published: false });
    expect(listed.weights[2].origins.map(({ name }: { name: string }) => name)).toEqual(['heads.pth', 'backbone.pth']);

    const found = await compare('--lpips', 'squeeze');
    expect(found).toMatchObject({ lpipsNetwork: 'squeeze', lpipsMissing: null });
    expect(found.lpips).toBeGreaterThan(0);
    expect(found.lpipsPaper).not.toBe(found.lpips);
    expect(await compare()).toMatchObject({
      lpipsNetwork: 'alex',
      lpips: null,
      lpipsPaper: null,
      lpipsMissing: 'weights',
    });
    const { stdout } = await runArrowhead('compare', at('a.png'), at('b.png'), '--lpips', 'squeeze');
    const shown = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(shown).toContainEqual(['LPIPS (SqueezeNet)', found.lpips.toFixed(6)]);
    expect(shown).toContainEqual(['LPIPS (SqueezeNet), inputs in [0, 1]', found.lpipsPaper.toFixed(6)]);
  });

  it.each([
    [['lpips-alex'], 'give either the files of weights or --download'],
    [['lpips-alex', 'x.pth', '--download'], 'give either the files of weights or --download'],
    [['lpips-resnet', 'x.pth'], 'Allowed choices are lpips-alex, lpips-vgg, lpips-squeeze'],
  ])('says what it takes: %s', async (args, problem) => {
    const { code, stderr } = await runArrowhead('weights', 'add', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
  });

  it('refuses what is not weights, naming the file', async () => {
    const { code, stderr } = await runArrowhead('weights', 'add', 'lpips-alex', at('a.png'), '--json');
    expect(code).toBe(1);
    expect(stderr).toContain(at('a.png'));
  });
});

it('help tells where the files are for a machine without a network', async () => {
  const { stdout } = await runArrowhead('weights', '--help');
  expect(stdout).toContain('https://download.pytorch.org/models/vgg16-397923af.pth (554 MB)');
  expect(stdout).toContain('/lpips/weights/v0.1/alex.pth (7 kB)');
});
