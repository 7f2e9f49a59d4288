import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CheckpointDescription } from '../../../mmdit/describe/describe-checkpoint.ts';
import { DescriptionCache } from '../../../mmdit/describe/description-cache.ts';

let root: string;
let described: string[];
let cache: DescriptionCache;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'arrowhead-cache-'));
  described = [];
  cache = new DescriptionCache(async (folder) => {
    described.push(path.basename(folder));
    return {} as CheckpointDescription;
  });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function checkpoint(name: string): Promise<string> {
  const folder = path.join(root, name);
  await mkdir(path.join(folder, 'transformer'), { recursive: true });
  for (const file of ['model_index.json', 'transformer/config.json', 'transformer/weights.safetensors'])
    await writeFile(path.join(folder, file), '{}');
  return folder;
}

it('describes a folder once, also for those who ask at once', async () => {
  const folder = await checkpoint('a');
  const [first, second] = await Promise.all([cache.get(folder), cache.get(folder)]);
  expect(second).toBe(first);
  expect(await cache.get(folder)).toBe(first);
  expect(described).toEqual(['a']);
});

it.each(['model_index.json', 'transformer/config.json', 'transformer/weights.safetensors'])(
  'describes it anew when %s has changed',
  async (file) => {
    const folder = await checkpoint('a');
    await cache.get(folder);
    await utimes(path.join(folder, file), new Date(0), new Date(0));
    await cache.get(folder);
    expect(described).toEqual(['a', 'a']);
  },
);

it('forgets what was asked for longest ago', async () => {
  const folders = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(checkpoint));
  for (const folder of folders) await cache.get(folder);
  await cache.get(folders[1]!);
  expect(described).toHaveLength(5);
  await cache.get(folders[0]!);
  expect(described).toHaveLength(6);
});

it('does not remember a failure', async () => {
  let attempts = 0;
  const failing = new DescriptionCache(async () => {
    attempts++;
    throw new Error('damaged');
  });
  const folder = await checkpoint('a');
  await expect(failing.get(folder)).rejects.toThrow('damaged');
  await expect(failing.get(folder)).rejects.toThrow('damaged');
  expect(attempts).toBe(2);
});
