import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeSynthetic } from '../../../mmdit/synthetic/write-synthetic.ts';
import { startArrowhead } from './run-arrowhead.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-loading-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(['SIGINT', 'SIGTERM'] as const)('%s ends a command while its model loads', async (signal) => {
  const model = path.join(folder, 'model');
  // Half a billion weights, made one after another: half a minute on a processor.
  await writeSynthetic(model, 'sd3-medium', { seed: 1 }, { layers: 6 });
  const out = path.join(folder, 'a.png');
  // The size is refused by a model that is open, so that a load which goes on would end otherwise.
  const args = ['generate', '--model', model, '--device', 'cpu', '--size', '100x100', '--prompt', 'a', '--out', out];
  const { child, result, said } = startArrowhead(args);
  await said('Loading the model');
  child.kill(signal);
  expect(await result).toMatchObject({ code: 130, stderr: expect.stringContaining('Cancelled') });
  expect(existsSync(out)).toBe(false);
});
