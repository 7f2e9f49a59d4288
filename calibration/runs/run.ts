import { mkdir, readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { makeFolder } from '../../mmdit/files/make-folder.ts';
import { FileWriteError, writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import type { RgbImage } from '../../mmdit/pipeline/pipeline.ts';
import { CalibrationError } from '../calibration-error.ts';
import { readJsonFile } from '../json-file.ts';
import type { RseTable } from '../rse/rse-table.ts';
import { readRseTable, writeRseTable } from '../rse/rse-table-file.ts';
import type { AppliedReport } from '../scheme/applied-report.ts';
import type { Scheme, SchemeHead } from '../scheme/scheme.ts';
import { readScheme, readSchemeHead, writeScheme } from '../scheme/scheme-file.ts';
import { APPLIED_FILE, METRICS_FILE, RSE_FILE, RUN_FILE, SCHEME_FILE } from './run-files.ts';
import { type AppliedPicture, appliedFileSchema } from './applied-file.ts';
import { plainFile } from './plain-file.ts';
import { whileChanging } from './run-claim.ts';
import {
  type PictureMetrics,
  type RunManifest,
  runManifestSchema,
  type StoredSummary,
  runMetricsSchema,
} from './run-manifest.ts';

const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** A folder that holds one run; every file in it is written whole or not at all. */
export class Run {
  readonly folder: string;
  #manifest: RunManifest;

  constructor(folder: string, manifest: RunManifest) {
    this.folder = folder;
    this.#manifest = manifest;
  }

  get manifest(): RunManifest {
    return this.#manifest;
  }

  /** Path of a file of this run. Throws CalibrationError for a name that leads out of its folder. */
  path(name: string): string {
    if (name === '' || name !== path.basename(name) || name === '..' || name === '.') {
      throw new CalibrationError(`Run file: expected a plain file name, found "${name}"`);
    }
    return path.join(this.folder, name);
  }

  /**
   * Replaces fields of run.json; the others stay as they are on disk, where another program may have written them.
   * `also` changes a file beside it before another program can change either. Throws FileWriteError, CalibrationFileError.
   */
  async update(changes: RunChanges, also?: () => Promise<void>): Promise<void> {
    await whileChanging(this.folder, async () => {
      const { manifest: onDisk } = await openRun(this.folder);
      await also?.();
      await this.#write({ ...onDisk, ...changes, revision: onDisk.revision + 1, summary: null });
    });
  }

  /** Keeps what a list shows of this run, unless the run has changed since it was opened. Throws FileWriteError. */
  async storeSummary(summary: StoredSummary): Promise<void> {
    const { revision } = this.#manifest;
    await whileChanging(this.folder, async () => {
      const { manifest: onDisk } = await openRun(this.folder);
      if (onDisk.revision === revision) await this.#write({ ...onDisk, summary });
    });
  }

  async #write(content: RunManifest): Promise<void> {
    const manifest = runManifestSchema.parse({ ...content, version: RUN_VERSION });
    await writeJson(this.path(RUN_FILE), manifest);
    this.#manifest = manifest;
  }

  /** Returns the file's path. Throws FileWriteError. */
  async writePng(name: string, { width, height, pixels }: RgbImage): Promise<string> {
    const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    return this.writeFile(name, png);
  }

  /** Any other file, such as a report. Returns its path. Throws FileWriteError. */
  async writeFile(name: string, data: Uint8Array | string): Promise<string> {
    const file = this.path(name);
    await writeWholeFile(file, data);
    return file;
  }

  async writeMetrics(pictures: readonly PictureMetrics[]): Promise<void> {
    const metrics = runMetricsSchema.parse({ format: 'arrowhead-metrics', version: 1, pictures });
    await writeJson(this.path(METRICS_FILE), metrics);
  }

  async readMetrics(): Promise<readonly PictureMetrics[]> {
    return (await readJsonFile(await plainFile(this.path(METRICS_FILE)), runMetricsSchema, MAX_JSON_BYTES)).pictures;
  }

  /** Adds what attention did for a picture; of two reports of one picture the later stays. Throws FileWriteError. */
  async addApplied(picture: string, report: AppliedReport): Promise<void> {
    const others = (await this.readApplied()).filter((other) => other.picture !== picture);
    const pictures = [...others, { picture, ...report }];
    const content = appliedFileSchema.parse({ format: 'arrowhead-applied', version: 1, pictures });
    await writeJson(this.path(APPLIED_FILE), content);
  }

  /** Empty where nothing was reported. Throws CalibrationFileError for a damaged file. */
  async readApplied(): Promise<readonly AppliedPicture[]> {
    if (!(await readdir(this.folder)).includes(APPLIED_FILE)) return [];
    return (await readJsonFile(await plainFile(this.path(APPLIED_FILE)), appliedFileSchema, MAX_JSON_BYTES)).pictures;
  }

  async writeTable(table: RseTable): Promise<void> {
    await writeRseTable(this.path(RSE_FILE), table);
  }

  async readTable(): Promise<RseTable> {
    return readRseTable(await plainFile(this.path(RSE_FILE)));
  }

  async writeScheme(scheme: Scheme, name: string = SCHEME_FILE): Promise<void> {
    await writeScheme(this.path(name), scheme);
  }

  async readScheme(name: string = SCHEME_FILE): Promise<Scheme> {
    return readScheme(await plainFile(this.path(name)));
  }

  /** A scheme without its plan: quick, for lists. */
  readSchemeHead(name: string = SCHEME_FILE): Promise<SchemeHead> {
    return readSchemeHead(this.path(name));
  }

  /** Names of its `*.scheme.json`, sorted. */
  async schemes(): Promise<readonly string[]> {
    return (await readdir(this.folder)).filter((name) => name.endsWith('.scheme.json')).sort();
  }
}

type RunChanges = Partial<Omit<RunManifest, 'format' | 'version' | 'revision' | 'summary'>>;
export type NewRun = Omit<RunChanges, 'name'>;

const RUN_VERSION = 2;

/**
 * Makes the folder `<time>-<name>` in `root` with its run.json; a second run of one second and name gets `-2`, and so on.
 * Throws FileWriteError.
 */
export async function createRun(root: string, name: string, details: NewRun = {}): Promise<Run> {
  const created = details.created ?? new Date().toISOString();
  const time = created.slice(0, 19).replaceAll(':', '-');
  await makeFolder(root);
  const base = path.join(root, `${time}-${slug(name)}`);
  for (let attempt = 1; ; attempt++) {
    const folder = attempt === 1 ? base : `${base}-${attempt}`;
    if (!(await makeNewFolder(folder))) continue;
    try {
      return await startRun(folder, name, { ...details, created });
    } catch (error) {
      // A full disk leaves no empty folder.
      await rmdir(folder).catch(() => {});
      throw error;
    }
  }
}

/** A run in a folder of the caller's choice, made if missing; a run.json that is there already is kept. */
export async function createRunIn(folder: string, details: NewRun = {}): Promise<Run> {
  const isNew = (await readdir(folder).catch(() => null)) === null;
  await makeFolder(folder);
  if ((await readdir(folder)).includes(RUN_FILE)) return openRun(folder);
  try {
    return await startRun(folder, path.basename(path.resolve(folder)) || 'run', details);
  } catch (error) {
    // A full disk leaves no empty folder.
    if (isNew) await rmdir(folder).catch(() => {});
    throw error;
  }
}

/** Throws CalibrationFileError for a folder without a valid run.json. */
export async function openRun(folder: string): Promise<Run> {
  return new Run(
    folder,
    await readJsonFile(await plainFile(path.join(folder, RUN_FILE)), runManifestSchema, MAX_JSON_BYTES),
  );
}

async function startRun(folder: string, name: string, details: NewRun): Promise<Run> {
  const manifest = runManifestSchema.parse({
    format: 'arrowhead-run',
    version: RUN_VERSION,
    name,
    created: new Date().toISOString(),
    status: 'running',
    model: null,
    device: null,
    sampling: null,
    search: null,
    seconds: {},
    error: null,
    ...details,
  });
  await writeJson(path.join(folder, RUN_FILE), manifest);
  return new Run(folder, manifest);
}

/** Whether the folder is new; an existing one is an error of no kind. Throws FileWriteError. */
async function makeNewFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new FileWriteError(folder, cause);
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeWholeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** A name as every file system takes it. */
function slug(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 48)
    .replace(/-+$/, '');
  return plain === '' ? 'run' : plain;
}
