import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  writeFluxFolder,
  writeSchnellFolder,
  writeSd3Folder,
  writeSd35Folder,
} from '../../fixtures/pipeline-folders.ts';
import { runArrowhead } from './run-arrowhead.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'arrowhead-checkpoints-'));
});
afterAll(() => rm(root, { recursive: true }));

/** Runs a command that must succeed, and reads its JSON. */
async function json(...args: readonly string[]) {
  const { code, stdout, stderr } = await runArrowhead(...args, '--json', '--quiet');
  expect(stderr.match(/^error: .*/m)?.[0]).toBeUndefined();
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

const jsonOf = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

interface Expected {
  readonly family: 'flux' | 'sd3';
  readonly heads: number;
  readonly layers: readonly string[];
  /** What the folder itself asks for where the user says nothing. */
  readonly steps: number;
  readonly textTokens: number;
  /** A size that gives an odd number of tokens. */
  readonly size: `${number}x${number}`;
  readonly imageTokens: number;
}

const joint = (...blocks: readonly number[]) => blocks.map((n) => `transformer_blocks.${n}.attn`);

describe.each<[string, (folder: string) => Promise<void>, Expected]>([
  [
    'FLUX.1-dev',
    writeFluxFolder,
    {
      ...{ family: 'flux', heads: 3, steps: 28, textTokens: 512, size: '80x48', imageTokens: 15 },
      layers: [...joint(0), ...[0, 1].map((n) => `single_transformer_blocks.${n}.attn`)],
    },
  ],
  [
    'FLUX.1-schnell',
    writeSchnellFolder,
    {
      ...{ family: 'flux', heads: 3, steps: 4, textTokens: 256, size: '48x112', imageTokens: 21 },
      layers: [...joint(0), ...[0, 1].map((n) => `single_transformer_blocks.${n}.attn`)],
    },
  ],
  [
    'SD3',
    writeSd3Folder,
    {
      ...{ family: 'sd3', heads: 3, steps: 28, textTokens: 77 + 256, size: '112x64', imageTokens: 28 },
      layers: joint(0, 1),
    },
  ],
  [
    'SD3.5 with a second attention',
    writeSd35Folder,
    {
      ...{ family: 'sd3', heads: 2, steps: 28, textTokens: 77 + 256, size: '64x112', imageTokens: 28 },
      layers: [...joint(0), 'transformer_blocks.0.attn2', ...joint(1)],
    },
  ],
  [
    'SD3.5 with five heads in three blocks',
    (folder) =>
      writeSd35Folder(folder, {
        ...{ num_attention_heads: 5, attention_head_dim: 16, caption_projection_dim: 80, num_layers: 3 },
        dual_attention_layers: [0, 1],
      }),
    {
      ...{ family: 'sd3', heads: 5, steps: 28, textTokens: 77 + 256, size: '48x48', imageTokens: 9 },
      layers: [0, 1, 2].flatMap((n) => (n < 2 ? [...joint(n), `transformer_blocks.${n}.attn2`] : joint(n))),
    },
  ],
])('a %s folder, with nothing but its path', (name, write, expected) => {
  let model: string;
  const at = (file: string): string => path.join(root, `${name} ${file}`);
  const picture = (out: string, ...more: readonly string[]) =>
    json('generate', '--model', model, '--prompt', 'a red sphere', '--seed', '3', '--out', at(out), ...more);
  beforeAll(async () => {
    model = path.join(root, name);
    await write(model);
  });

  it('is told part by part', async () => {
    const report = await json('models', 'info', model);
    expect(report).toMatchObject({ family: expected.family, transformer: { heads: expected.heads } });
    expect(report.parts.filter(({ problem }: { problem: string | null }) => problem !== null)).toEqual([]);
  });

  it('is calibrated on two prompts with two seeds, and generates under the scheme', async () => {
    const size = ['--size', expected.size];
    const { scheme, sparsity } = await json(
      ...['calibrate', '--model', model, '--prompt', 'a red sphere', 'a small blue cube', '--seed', '0', '7', ...size],
      ...['--steps', '3', '--delta', '4', '--head-constraint', 'none', '--out', at('run')],
    );
    expect(sparsity).toBeGreaterThan(0);
    const { sampling, search } = await jsonOf(path.join(at('run'), 'run.json'));
    expect(sampling).toMatchObject({ steps: 3, textTokens: expected.textTokens });
    expect(search).toMatchObject({ prompts: ['a red sphere', 'a small blue cube'], seeds: [0, 7] });
    const made = await jsonOf(scheme);
    expect(made.layers).toEqual(expected.layers);
    expect(made.plan[2].map((heads: readonly number[]) => heads.length)).toEqual(
      expected.layers.map(() => expected.heads),
    );

    const [width, height] = expected.size.split('x').map(Number);
    const original = await picture('original.png', ...size, '--steps', '3');
    const compressed = await picture('compressed.png', '--scheme', scheme);
    expect(original).toMatchObject({ steps: 3, width, height, scheme: null, sparsity: null });
    expect(compressed).toMatchObject({ steps: 3, width, height, scheme, sparsity });
    expect((width! / 16) * (height! / 16)).toBe(expected.imageTokens);
    const found = await json('compare', at('original.png'), at('compressed.png'));
    expect(found).toMatchObject({ identical: false });
    expect(found.psnr).toBeGreaterThan(5);
  });

  it('generates at the steps and guidance that the folder asks for', async () => {
    const made = await picture('own.png', '--size', '48x48');
    expect(made.steps).toBe(expected.steps);
    expect(made.guidance).toBe({ 'FLUX.1-dev': 3.5, 'FLUX.1-schnell': 0 }[name] ?? 7);
  });
});

describe('a negative prompt', () => {
  const CALIBRATION = ['--prompt', 'a red sphere', '--size', '48x48', '--steps', '2', '--delta', '0.5'];
  let model: string;
  beforeAll(async () => {
    model = path.join(root, 'negative');
    await writeSd3Folder(model);
  });
  const calibrate = (run: string, ...more: readonly string[]) =>
    runArrowhead('calibrate', '--model', model, ...CALIBRATION, '--out', path.join(root, run), ...more);
  const search = async (run: string) => (await jsonOf(path.join(root, run, 'run.json'))).search;

  it('makes another picture of a guided model, and is told in the result', async () => {
    const picture = (out: string, ...more: readonly string[]) =>
      json(
        ...['generate', '--model', model, '--prompt', 'a red sphere', '--size', '48x48', '--steps', '2'],
        ...['--out', path.join(root, out), ...more],
      );
    expect(await picture('plain.png')).toMatchObject({ negativePrompt: null });
    const negative = await picture('negative.png', '--negative-prompt', 'a small blue cube');
    expect(negative).toMatchObject({ negativePrompt: 'a small blue cube' });
    expect(await json('compare', path.join(root, 'plain.png'), path.join(root, 'negative.png'))).toMatchObject({
      identical: false,
    });
  });

  it('is calibrated with, kept in run, table and scheme, and asked for again by a resumed run', async () => {
    expect((await calibrate('with', '--negative-prompt', 'a blue cube')).code).toBe(0);
    expect((await calibrate('without')).code).toBe(0);
    expect((await search('with')).negativePrompt).toBe('a blue cube');
    expect(await search('without')).not.toHaveProperty('negativePrompt');
    const scheme = path.join(root, 'with/scheme.scheme.json');
    expect((await jsonOf(scheme)).search.negativePrompt).toBe('a blue cube');
    const [one, other] = await Promise.all(
      ['with', 'without'].map((run) => readFile(path.join(root, run, 'rse.safetensors'))),
    );
    expect(one!.toString('latin1')).toContain('a blue cube');
    expect(one!.subarray(-64)).not.toEqual(other!.subarray(-64));
    const bounds = ['--delta', '2', '--head-constraint', 'none'];
    const solved = await json('solve', path.join(root, 'with/rse.safetensors'), ...bounds);
    expect(solved.sparsity).toBeGreaterThan(0);

    expect((await calibrate('with', '--resume')).code).toBe(0);
    const otherwise = await calibrate('with', '--resume', '--negative-prompt', 'a cone');
    expect(otherwise.code).toBe(1);
    expect(otherwise.stderr).toContain('negative prompt was a blue cube, now a cone');
  });

  it('has no effect on FLUX, nor at guidance 1, and that is told', async () => {
    const unguided = await calibrate('unguided', '--guidance', '1', '--negative-prompt', 'a blue cube');
    expect(unguided.stderr).toContain('the negative prompt has no effect at guidance 1: it has above 1');
    expect(await search('unguided')).not.toHaveProperty('negativePrompt');
    model = path.join(root, 'flux');
    await writeFluxFolder(model);
    const flux = await calibrate('of-flux', '--negative-prompt', 'a blue cube');
    expect(flux.stderr).toContain('the negative prompt has no effect: flux has no classifier-free guidance');
    expect(await search('of-flux')).not.toHaveProperty('negativePrompt');
  });
});
