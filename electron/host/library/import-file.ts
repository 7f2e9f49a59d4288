import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  createRun,
  type NewRun,
  type RseTable,
  readRseTable,
  readScheme,
  type Scheme,
} from '../../../calibration/index.ts';
import { makeFolder } from '../../../mmdit/index.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import type { Reply } from '../../contract.ts';
import { SETTINGS_FOLDER } from '../models/open-model-list.ts';
import { changeNotes } from './run-notes.ts';

/**
 * Makes a run of a scheme or an RSE table, told apart by what the file holds. Throws UnknownFileError, or what is wrong
 * with the file, by the name that the user knows.
 */
export async function importFile(root: string, fileName: string, data: Uint8Array): Promise<Reply<'runs.import'>> {
  const imports = importsFolder(root);
  await makeFolder(imports);
  const scratch = await mkdtemp(path.join(imports, 'import-'));
  try {
    const file = path.join(scratch, 'file');
    await writeFile(file, data);
    const read = startsLikeJson(data) ? await readAsScheme(file, fileName) : await readAsTable(file, fileName);
    const { model, sampling, search } = read;
    const run = await createRun(root, nameOf(fileName), { model, sampling: samplerOf(sampling), search });
    try {
      await changeNotes(run, { kind: 'import' });
      if (read.scheme) await run.writeScheme(read.scheme);
      if (read.table) await run.writeTable(read.table);
      await run.update({ status: 'finished' });
    } catch (error) {
      await rm(run.folder, { recursive: true, force: true });
      throw error;
    }
    return { run: path.basename(run.folder), holds: read.table ? 'table' : 'scheme' };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Deletes what a killed import left. Nobody else imports: a library has one host. */
export async function sweepImports(root: string): Promise<void> {
  // In a library that cannot be written to it stays, and nothing can be imported.
  await rm(importsFolder(root), { recursive: true, force: true }).catch(() => {});
}

function importsFolder(root: string): string {
  return path.join(root, SETTINGS_FOLDER, 'imports');
}

interface Imported extends Pick<RseTable, 'model'> {
  readonly sampling: Scheme['sampling'] | null;
  readonly search: NonNullable<NewRun['search']> | null;
  readonly scheme: Scheme | null;
  readonly table: RseTable | null;
}

async function readAsScheme(file: string, fileName: string): Promise<Imported> {
  const scheme = await named(fileName, file, () => readScheme(file));
  const { mode: _, ...search } = scheme.search;
  return { model: scheme.model, sampling: scheme.sampling, search, scheme, table: null };
}

async function readAsTable(file: string, fileName: string): Promise<Imported> {
  const table = await named(fileName, file, () => readRseTable(file));
  const { search } = table;
  const kept = search && {
    ...search,
    candidates: [...search.candidates],
    prompts: [...search.prompts],
    seeds: [...search.seeds],
  };
  return { model: table.model, sampling: table.sampling, search: kept, scheme: null, table };
}

function samplerOf(sampling: Imported['sampling']) {
  if (sampling === null) return null;
  const { scheduler, steps, guidance, width, height, textTokens, tokenOrder } = sampling;
  return { scheduler, steps, guidance, width, height, textTokens, tokenOrder };
}

/** Errors name the scratch file; the user knows it by another name. */
async function named<T>(fileName: string, scratch: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new WorkbenchError({
      name: error.name,
      message: error.message.replaceAll(scratch, fileName),
      hint: 'A *.scheme.json or an rse.safetensors can be imported.',
    });
  }
}

function startsLikeJson(data: Uint8Array): boolean {
  const first = data.find((byte) => byte > 0x20);
  // A safetensors file starts with the length of its header, whose eighth byte is 0.
  return first === 0x7b && data[7] !== 0;
}

function nameOf(fileName: string): string {
  const plain = fileName.replace(/\.(scheme\.json|safetensors|json)$/i, '').trim();
  return plain === '' ? 'import' : plain.slice(0, 256);
}
