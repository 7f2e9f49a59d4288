import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { readSamplingDefaults } from '../../../mmdit/pipeline/sampling-defaults.ts';

const FAMILY = { steps: 28, guidance: 3.5, width: 1024, height: 1024 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'defaults-'));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (json: unknown) => writeFile(path.join(folder, 'defaults.json'), JSON.stringify(json));

describe('readSamplingDefaults', () => {
  it("are the family's where the checkpoint says nothing", async () => {
    expect(await readSamplingDefaults(folder, FAMILY)).toEqual(FAMILY);
    await put({ steps: 20 });
    expect(await readSamplingDefaults(folder, FAMILY)).toEqual({ ...FAMILY, steps: 20 });
  });

  it("are the checkpoint's own where it says so", async () => {
    const own = { steps: 20, guidance: 2, width: 512, height: 256 };
    await put(own);
    expect(await readSamplingDefaults(folder, FAMILY)).toEqual(own);
  });

  it.each([
    [{ steps: 0 }, 'steps'],
    [{ width: '512' }, 'width'],
    [{ colour: 1 }, 'colour'],
    [[], 'object'],
  ])('refuse %o', async (json, message) => {
    await put(json);
    await expect(readSamplingDefaults(folder, FAMILY)).rejects.toThrow(CheckpointError);
    await expect(readSamplingDefaults(folder, FAMILY)).rejects.toThrow(message);
  });
});
