import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorkbench } from '../../../electron/host/workbench-host.ts';
import { runArrowhead } from './run-arrowhead.ts';

const DEMO = path.resolve('demo/checkpoint');
let library: string;
beforeEach(() => {
  library = mkdtempSync(path.join(tmpdir(), 'arrowhead-models-'));
});
afterEach(() => rmSync(library, { recursive: true }));

const models = async (...args: string[]) => {
  const { code, stdout } = await runArrowhead('models', ...args, '--library', library, '--json');
  return { code, reply: JSON.parse(stdout) };
};

it('the workbench lists what was added, and the folder outlives its removal', async () => {
  expect(await models('add', 'demo/checkpoint')).toMatchObject({ code: 0, reply: { folder: DEMO, problem: null } });
  expect((await models('list')).reply.models).toHaveLength(2);
  const host = await createWorkbench({ library });
  const { models: listed } = await host.request('models.list', {});
  await host.close();
  expect(listed.map(({ folder }) => folder)).toContain(DEMO);
  expect(await models('remove', 'demo/checkpoint')).toMatchObject({ code: 0, reply: { removed: DEMO } });
  expect((await models('list')).reply.models).toHaveLength(1);
  expect(existsSync(path.join(DEMO, 'model_index.json'))).toBe(true);
});

it('what is no checkpoint is not added, and what is not listed not removed', async () => {
  expect(await models('add', library)).toMatchObject({ code: 1, reply: { error: { name: 'ModelNotFoundError' } } });
  expect(await models('remove', '/nowhere')).toMatchObject({ code: 1, reply: { error: { name: 'NotFoundError' } } });
});

it('info prints what a folder holds', async () => {
  const { code, stdout } = await runArrowhead('models', 'info', 'demo/checkpoint');
  expect(code).toBe(0);
  expect(stdout).toMatch(/8 blocks, 6 heads × 32/);
  expect(stdout).toMatch(/million parameters, BF16/);
  expect(stdout).toMatch(/vae +AutoencoderKL .* there/);
});

it('info exits 1 where a part cannot be used, and prints the report all the same', async () => {
  const folder = path.join(library, 'broken');
  cpSync(DEMO, folder, { recursive: true });
  rmSync(path.join(folder, 'tokenizer_2'), { recursive: true });
  const { code, stdout, stderr } = await runArrowhead('models', 'info', folder);
  expect(code).toBe(1);
  expect(stdout).toMatch(/tokenizer_2 .* is missing; download this part too/);
  expect(stderr).toBe('');
  const json = await runArrowhead('models', 'info', folder, '--json');
  expect(json.code).toBe(1);
  const { parts } = JSON.parse(json.stdout) as { parts: { name: string; problem: string | null }[] };
  expect(parts.filter(({ problem }) => problem !== null).map(({ name }) => name)).toEqual(['tokenizer_2']);
});

it('a hub cache of a FLUX Kontext whose VAE links elsewhere is named by its repository, told and used', async () => {
  const repository = path.join(library, 'models--org--Kontext');
  const snapshot = path.join(repository, 'snapshots', '0ef5fff789c832c5c7f4e127f94c8b54bbcced44');
  cpSync(DEMO, snapshot, { recursive: true });
  const index = path.join(snapshot, 'model_index.json');
  writeFileSync(index, readFileSync(index, 'utf8').replace('"FluxPipeline"', '"FluxKontextPipeline"'));
  rmSync(path.join(snapshot, 'vae'), { recursive: true });
  symlinkSync(path.join(DEMO, 'vae'), path.join(snapshot, 'vae'));

  const { code, stdout } = await runArrowhead('models', 'info', repository);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^model +org\/Kontext$/m);
  expect(stdout).toMatch(/^note .*FluxKontextPipeline.*from text to image/m);
  expect(stdout).toContain(`vae → ${path.join(DEMO, 'vae')}`);
  const added = await models('add', repository);
  expect(added).toMatchObject({ code: 0, reply: { name: 'org/Kontext', folder: snapshot } });
  const picture = path.join(library, 'x.png');
  const small = ['--size', '64x64', '--steps', '1', '--prompt', 'x', '--out', picture, '--device', 'cpu', '--json'];
  const generated = await runArrowhead('generate', '--model', repository, ...small);
  expect(generated).toMatchObject({ code: 0, stderr: expect.stringContaining('is a FluxKontextPipeline') });
  expect(JSON.parse(generated.stdout)).toMatchObject({ model: 'org/Kontext' });

  // Whoever is on another machine adds no folder that leads elsewhere on this one.
  await models('remove', snapshot);
  const host = await createWorkbench({ library, hasRemoteClients: true });
  const refused = host.request('models.add', { folder: repository });
  await expect(refused).rejects.toMatchObject({
    name: 'ModelNotFoundError',
    message: expect.stringMatching(
      /vae: is a link to .*, outside the checkpoint; add the folder on the machine itself/,
    ),
  });
  await host.close();
});

it('a synthetic checkpoint is written, described and used by its path', async () => {
  const folder = path.join(library, 'flux');
  const size = ['--layers', '1', '--single-layers', '1', '--heads', '2'];
  expect((await runArrowhead('synthesize', folder, ...size)).code).toBe(0);
  expect((await runArrowhead('models', 'info', folder)).stdout).toMatch(/2 blocks, 2 heads[\s\S]*made from a seed/);
  expect((await runArrowhead('synthesize', folder)).stderr).toMatch(/exists already; --force/);
  expect((await runArrowhead('synthesize', `${folder}2`, '--shape', 'sdxl')).stderr).toMatch(
    /Allowed choices are flux-dev/,
  );
  const picture = path.join(library, 'x.png');
  const small = ['--size', '64x64', '--steps', '1', '--prompt', 'x', '--out', picture, '--device', 'cpu'];
  expect((await runArrowhead('generate', '--model', folder, ...small)).code).toBe(0);
  expect(existsSync(picture)).toBe(true);
});
