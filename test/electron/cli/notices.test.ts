import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runArrowhead } from './run-arrowhead.ts';

const GOLDEN = fileURLToPath(new URL('../../golden/pipeline', import.meta.url));
const SMALL = ['--size', '64x64', '--steps', '2', '--device', 'cpu', '--json'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-notices-'));
  for (const model of ['sd3-pipeline-tiny', 'flux-pipeline-tiny'])
    await cp(path.join(GOLDEN, model), at(model), { recursive: true });
  // FLUX's tiny VAE has as many channels as SD3's.
  await cp(path.join(GOLDEN, 'flux-pipeline-tiny/vae'), at('sd3-pipeline-tiny/vae'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);
const words = (count: number): string => Array.from({ length: count }, () => 'a').join(' ');

it.each([
  ['sd3-pipeline-tiny', 75, null, []],
  ['sd3-pipeline-tiny', 100, 'CLIP reads the first 75 of its 100 tokens, T5 reads all of it', [75, 100]],
  [
    'sd3-pipeline-tiny',
    300,
    'CLIP reads the first 75 of its 300 tokens, T5 reads the first 255 of its 300 tokens',
    [75, 255],
  ],
  [
    'flux-pipeline-tiny',
    600,
    'CLIP reads the first 75 of its 600 tokens, T5 reads the first 511 of its 600 tokens',
    [75, 511],
  ],
] as const)('generate tells what %s reads of %i words', async (model, count, notice, read) => {
  const out = ['--out', at(`${model}-${count}.png`)];
  const { code, stdout, stderr } = await runArrowhead(
    'generate',
    '--model',
    at(model),
    '--prompt',
    words(count),
    ...SMALL,
    ...out,
  );
  expect(code).toBe(0);
  if (notice === null) expect(stderr).not.toContain('too long');
  else {
    expect(stderr).toContain(`note: the prompt is too long: ${notice}`);
    const { reads } = JSON.parse(stdout) as { reads: { readTokens: number }[] };
    expect(reads.map(({ readTokens }) => readTokens)).toEqual(read);
  }
});

it('calibrate names the prompt that is cut', async () => {
  const prompts = ['--prompt', 'a red ring', `a blue ring and ${words(80)}`];
  const model = ['--model', at('sd3-pipeline-tiny')];
  const { code, stderr } = await runArrowhead('calibrate', ...model, ...prompts, ...SMALL, '--out', at('run'));
  expect(code).toBe(0);
  expect(stderr).toMatch(/note: "a blue ring and a a a[^"]*a…": the prompt is too long: CLIP reads the first 75/);
  expect(stderr.match(/note: /g)).toHaveLength(1);
});
