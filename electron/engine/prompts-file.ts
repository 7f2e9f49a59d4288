import path from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { describeIssue } from '../../mmdit/files/describe-issue.ts';
import { readTextFile } from './read-text-file.ts';

/** Prompts files, for the help of what takes one. */
export const PROMPTS_FILE_FORMS = 'one per line, or *.json, *.jsonl, *.csv';
export const PROMPTS_FILE_HELP = `A prompts file is UTF-8, or UTF-16 with a byte order mark. Its name says what it holds:
  *.json          a list of strings, or of objects with a "prompt"
  *.jsonl         a string, or an object with a "prompt", on every line
  *.csv, *.tsv    a table with a column "prompt"
  anything else   a prompt per line; blank lines and lines that start with # are skipped`;

/** A prompts file that cannot be used: names the file and the place in it. */
export class PromptsFileError extends Error {
  override readonly name = 'PromptsFileError';

  constructor(file: string, problem: string) {
    super(`${file}: ${problem}`);
  }
}

type Refuse = (problem: string) => PromptsFileError;

const promptSchema = z.union([z.string(), z.object({ prompt: z.string() }).transform(({ prompt }) => prompt)]);

/** A list, or the form of `demo/prompts.json`, whose other lists are for judging. */
const jsonSchema = z.union([
  z.array(promptSchema),
  z.object({ calibration: z.array(promptSchema) }).transform(({ calibration }) => calibration),
]);

/** Prompts in the form that the file's name says (PROMPTS_FILE_HELP). Throws PromptsFileError, and Node's file errors. */
export async function readPromptsFile(file: string): Promise<readonly string[]> {
  const refuse: Refuse = (problem) => new PromptsFileError(file, problem);
  const text = await readTextFile(file, refuse);
  const prompts = (await readerOf(file)(text, refuse)).map((prompt) => prompt.trim()).filter((prompt) => prompt !== '');
  if (prompts.length === 0) throw refuse(`holds no prompt. Give ${PROMPTS_FILE_FORMS}`);
  return prompts;
}

function readerOf(file: string): (text: string, refuse: Refuse) => readonly string[] {
  switch (path.extname(file).toLowerCase()) {
    case '.json':
      return fromJson;
    case '.jsonl':
    case '.ndjson':
      return fromJsonLines;
    case '.csv':
    case '.tsv':
      return fromTable;
    default:
      return fromLines;
  }
}

function fromLines(text: string, refuse: Refuse): readonly string[] {
  const lines = linesOf(text).filter((line) => !line.trimStart().startsWith('#'));
  const other = otherForm(text, lines);
  if (other !== null) throw refuse(other);
  return lines;
}

/** What a file of another form would be calibrated on as lines; null where the text is lines of prompts. */
function otherForm(text: string, lines: readonly string[]): string | null {
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return 'is an HTML or XML page, not a list of prompts';
  if (isStructure(text)) return 'holds JSON; name it *.json';
  const filled = lines.filter((line) => line.trim() !== '');
  if (filled.length > 0 && filled.every(isStructure)) return 'holds JSON on every line; name it *.jsonl';
  const [first = ''] = filled;
  if (/^\s*"?prompt"?\s*([,;\t]|$)/i.test(first))
    return `begins with "${first.trim()}", the header of a table; name it *.csv`;
  return null;
}

/** Whether a text is a JSON list or object: a prompt may begin with a bracket too. */
function isStructure(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function fromJson(text: string, refuse: Refuse): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(`is not JSON (${(error as Error).message}). Without .json in its name it is read as lines`);
  }
  const list = jsonSchema.safeParse(value);
  if (list.success) return list.data;
  throw refuse(
    `${describeIssue(list.error, value)}. Give a list of strings, or an object with such a list as "calibration"`,
  );
}

function fromJsonLines(text: string, refuse: Refuse): readonly string[] {
  return linesOf(text).flatMap((line, index) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw refuse(`line ${index + 1} is not JSON (${(error as Error).message})`);
    }
    const prompt = promptSchema.safeParse(value);
    if (prompt.success) return [prompt.data];
    throw refuse(
      `line ${index + 1}: ${describeIssue(prompt.error, value)}. Give a string, or an object with a "prompt"`,
    );
  });
}

function fromTable(text: string, refuse: Refuse): readonly string[] {
  const header = text.split(/\r\n|\r|\n/, 1)[0] ?? '';
  // Spreadsheets separate by semicolons where the comma is for decimals.
  const delimiter = ['\t', ';', ','].find((sign) => header.includes(sign)) ?? ',';
  let rows: readonly (readonly string[])[];
  try {
    rows = parse(text, { delimiter, skip_empty_lines: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw refuse(`${error.message}. A field that holds a quote, a line break or "${delimiter}" is put in quotes`);
  }
  const [names = [], ...records] = rows;
  const column = names.findIndex((name) => name.trim().toLowerCase() === 'prompt');
  if (column < 0)
    throw refuse(`expected a column "prompt", found ${names.map((name) => `"${name}"`).join(', ') || 'none'}`);
  return records.map((record) => record[column] ?? '');
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/);
}
