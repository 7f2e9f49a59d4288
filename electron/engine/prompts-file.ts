import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';

/** A prompts file that cannot be used: names the file and the place in it. */
export class PromptsFileError extends Error {
  override readonly name = 'PromptsFileError';

  constructor(file: string, problem: string) {
    super(`${file}: ${problem}. Give one prompt per line, or a JSON list of strings`);
  }
}

/** A bare list, or the form of `demo/prompts.json`, whose other lists are for judging. */
const promptsSchema = z.union([
  z.array(z.string()),
  z.object({ calibration: z.array(z.string()) }).transform(({ calibration }) => calibration),
]);

/**
 * Prompts from a text file, one per line (blank lines and lines that start with # are left out), or from JSON where
 * the name ends in .json: a list of strings, or an object that has one as `calibration`. Throws PromptsFileError.
 */
export async function readPromptsFile(file: string): Promise<readonly string[]> {
  // Reading a pipe would wait for a writer for ever.
  if (!(await stat(file)).isFile()) throw new PromptsFileError(file, 'is no file');
  const text = await readFile(file, 'utf8');
  const prompts = file.endsWith('.json') ? fromJson(file, text) : fromLines(text);
  const kept = prompts.map((prompt) => prompt.trim()).filter((prompt) => prompt !== '');
  if (kept.length === 0) throw new PromptsFileError(file, 'holds no prompt');
  return kept;
}

function fromLines(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'));
}

function fromJson(file: string, text: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PromptsFileError(file, `is not JSON (${(error as Error).message})`);
  }
  const list = promptsSchema.safeParse(value);
  if (!list.success)
    throw new PromptsFileError(file, 'must be a JSON list of strings, or an object with such a list as "calibration"');
  return list.data;
}
