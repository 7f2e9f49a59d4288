import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reportOnnx } from '../../../mmdit/index.ts';
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

it('generate --vae tiled decodes in tiles, of which there are several beyond the native size', async () => {
  const generate = (name: string, size: string, way: string) =>
    runArrowhead(
      ...['generate', '--model', at('flux-pipeline-tiny'), '--prompt', 'a red ring', '--steps', '1'],
      ...['--device', 'cpu', '--size', size, '--vae', way, '--out', at(name)],
    );
  for (const size of ['64x64', '96x96']) {
    for (const way of ['whole', 'tiled']) expect((await generate(`${way}-${size}.png`, size, way)).code).toBe(0);
  }
  const same = async (size: string) =>
    (await readFile(at(`whole-${size}.png`))).equals(await readFile(at(`tiled-${size}.png`)));
  expect([await same('64x64'), await same('96x96')]).toEqual([true, false]);
});

it('a provider that cannot be used is told, and the processor does the work', async () => {
  const { providers } = await reportOnnx('cuda');
  const problem = providers.find(({ provider }) => provider === 'cuda')?.problem ?? null;
  const picture = ['--model', at('flux-pipeline-tiny'), '--prompt', 'a red ring', ...SMALL];
  const { stdout, stderr } = await runArrowhead('generate', ...picture, '--onnx', 'cuda', '--out', at('cuda.png'));
  const { onnx } = JSON.parse(stdout) as { onnx: string };
  expect(onnx).toMatch(problem === null ? /^CUDA \(ONNX Runtime/ : /^CPU \(ONNX Runtime/);
  const told = stderr.match(/note: text encoders and VAE run on the processor, not on CUDA: (.*)/)?.[1] ?? null;
  expect(told).toBe(problem);
  expect(stderr.match(/not on CUDA/g)?.length ?? 0).toBe(problem === null ? 0 : 1);
  const wrong = await runArrowhead('generate', ...picture, '--onnx', 'tpu', '--out', at('tpu.png'));
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Allowed choices are auto, cpu, cuda, webgpu'),
  });
});
