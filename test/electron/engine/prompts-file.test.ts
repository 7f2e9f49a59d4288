import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPromptsFile } from '../../../electron/engine/prompts-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-prompts-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

describe('readPromptsFile', () => {
  it('reads lines, without blanks and comments', async () => {
    const file = await fileOf('a.txt', '# seen\r\na red cube\r\n\r\n  two spheres \n');
    expect(await readPromptsFile(file)).toEqual(['a red cube', 'two spheres']);
  });

  it('reads a JSON list', async () => {
    expect(await readPromptsFile(await fileOf('a.json', '["# not a comment", "b"]'))).toEqual(['# not a comment', 'b']);
  });

  it('takes the calibration prompts of an object, as demo/prompts.json has them', async () => {
    const file = await fileOf('b.json', '{"default": "a", "calibration": ["b", "c"], "evaluation": ["d"]}');
    expect(await readPromptsFile(file)).toEqual(['b', 'c']);
  });

  it.each([
    ['empty.txt', '# nothing\n', /holds no prompt/],
    ['bad.json', '["a"', /is not JSON/],
    ['odd.json', '{"prompts": 1}', /must be a JSON list/],
  ])('refuses %s and names it', async (name, text, message) => {
    const file = await fileOf(name, text);
    await expect(readPromptsFile(file)).rejects.toThrow(message);
    await expect(readPromptsFile(file)).rejects.toThrow(file);
  });
});
