import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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

it('a synthetic checkpoint is written, described and used by its path', async () => {
  const folder = path.join(library, 'flux');
  const size = ['--layers', '1', '--single-layers', '1', '--heads', '2'];
  expect((await runArrowhead('synthesize', folder, ...size)).code).toBe(0);
  expect((await runArrowhead('models', 'info', folder)).stdout).toMatch(/2 blocks, 2 heads[\s\S]*made from a seed/);
  expect((await runArrowhead('synthesize', folder)).stderr).toMatch(/exists already; --force/);
  expect((await runArrowhead('synthesize', `${folder}2`, '--shape', 'sdxl')).stderr).toMatch(/expected flux-dev/);
  const picture = path.join(library, 'x.png');
  const small = ['--size', '64x64', '--steps', '1', '--prompt', 'x', '--out', picture, '--device', 'cpu'];
  expect((await runArrowhead('generate', '--model', folder, ...small)).code).toBe(0);
  expect(existsSync(picture)).toBe(true);
});
