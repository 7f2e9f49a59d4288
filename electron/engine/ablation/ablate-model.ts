import path from 'node:path';
import {
  ABLATION_FILE,
  type AblationFile,
  type AblationSettings,
  type MeasuredTable,
  isCancellation,
  measuredTables,
  ORIGINAL_FILE,
  planAblation,
  readAblation,
  searchKey,
  whyUnguided,
} from '../../../calibration/index.ts';
import { type Pipeline, type SamplingDescription, WorkMemoryError } from '../../../mmdit/index.ts';
import { CancelledError } from '../cancelled-error.ts';
import { noticePrompts, noticeUnusedNegative } from '../notice-prompts.ts';
import { withModel } from '../open-model.ts';
import { paint } from '../paint.ts';
import { numbered } from '../paint-pair.ts';
import { readPng, writePng } from '../png.ts';
import { sweepRunFolder } from '../run-folder.ts';
import type { RunOptions } from '../run-options.ts';
import { claimFolder } from '../run-work.ts';
import { checkSampling, completeSampling } from '../sampling-wish.ts';
import { clearAblationFolder, inspectAblationFolder, makeAblationFolder } from './ablation-folder.ts';
import { type AblationForecast, forecastAblation } from './ablation-forecast.ts';
import { AblationProgress } from './ablation-progress.ts';
import { type AblationWish, completeAblation, requireSamePlace, requireSameWish } from './ablation-wish.ts';
import { probeStep } from './probe-step.ts';
import { type Original, runSearch } from './run-search.ts';
import { type AblationFiles, writeTables } from './write-tables.ts';

export interface AblationSummary {
  readonly forecast: AblationForecast;
  /** null after a dry run. */
  readonly result: {
    readonly folder: string;
    readonly files: AblationFiles;
    readonly tables: readonly MeasuredTable[];
    /** Wall time of this run, without what was done before. */
    readonly seconds: number;
  } | null;
}

export interface AblationOptions extends RunOptions {
  /** Told before the work starts. */
  readonly onForecast?: (forecast: AblationForecast) => void;
}

/**
 * Makes the paper's ablation tables for a model: a progressive search for every row, pictures under its scheme against
 * full attention. What is finished is kept; an interrupted search goes on from its journal. Throws before any work where
 * folder, settings or model do not fit; CancelledError, and what calibration and generation throw.
 */
export async function ablateModel(wish: AblationWish, options: AblationOptions = {}): Promise<AblationSummary> {
  const { folder, mode } = wish;
  if (folder !== undefined && !wish.dryRun) await inspectAblationFolder(folder, mode);
  const resumes = mode === 'resume' && folder !== undefined;
  const earlier = resumes ? await readAblation(path.join(folder, ABLATION_FILE)) : null;
  if (earlier) requireSameWish(wish, folder!, earlier);
  const asked = earlier?.settings ?? (await completeAblation(wish));
  return withModel(wish, options, async (pipeline) => {
    const base = earlier?.sampling ?? pipeline.defaults;
    const sampling = checkSampling(pipeline, completeSampling(wish.sampling, base));
    // The demo's folder is called "checkpoint", which tells a reader nothing.
    const name = wish.model === undefined ? 'demo checkpoint' : pipeline.identity.name;
    const started = startOf(pipeline, name, asked, sampling);
    const ablation = earlier ?? started;
    if (earlier) requireSamePlace(folder!, earlier, { ...started, sampling });
    const { settings } = ablation;
    noticeUnusedNegative(pipeline, sampling, settings.negativePrompt, options);
    noticePrompts(
      pipeline,
      settings.evaluation.map(({ prompt }) => prompt),
      options,
    );
    const forecast = await forecastOf(pipeline, ablation, sampling, options);
    if (wish.dryRun) return { forecast, result: null };
    requireMemory(pipeline, settings, forecast);
    options.onForecast?.(forecast);
    const place = folder ?? (await makeAblationFolder(ablation.created));
    return claimFolder(place, async () => {
      // Another ablation may have been written there since the first look.
      if (folder !== undefined) await inspectAblationFolder(folder, mode);
      if (mode === 'replace') await clearAblationFolder(place);
      if (mode === 'resume') await sweepRunFolder(place);
      return { forecast, result: await new Ablation(place, pipeline, sampling, ablation, options).run(forecast) };
    });
  });
}

function startOf(
  pipeline: Pipeline,
  name: string,
  settings: Omit<AblationSettings, 'unguided'>,
  sampling: SamplingDescription,
): AblationFile {
  const { family, fingerprint } = pipeline.identity;
  const { scheduler, steps, guidance, width, height, textTokens, tokenOrder } = sampling;
  return {
    format: 'arrowhead-ablation',
    version: 1,
    created: new Date().toISOString(),
    model: { family, name, fingerprint },
    device: pipeline.device.info.name,
    sampling: { scheduler, steps, guidance, width, height, textTokens, tokenOrder },
    settings: { ...settings, unguided: whyUnguided(pipeline, sampling) },
    originals: [],
    results: [],
  };
}

async function forecastOf(
  pipeline: Pipeline,
  { settings, originals, results }: AblationFile,
  sampling: SamplingDescription,
  { signal, onProgress }: RunOptions,
): Promise<AblationForecast> {
  onProgress?.({ value: 0, title: 'Timing a step', detail: '' });
  const probe = await probeStep(pipeline, sampling, settings, signal);
  const left = {
    searches: missingSearches(settings, results),
    originals: settings.evaluation.length - originals.length,
  };
  return forecastAblation(pipeline, sampling, settings, probe, left);
}

function missingSearches(settings: AblationSettings, results: AblationFile['results']) {
  const found = new Set(results.map(({ search }) => searchKey(search)));
  return planAblation(settings).searches.filter((search) => !found.has(searchKey(search)));
}

/** Throws WorkMemoryError. */
function requireMemory({ device }: Pipeline, { prompts, seeds }: AblationSettings, { memory }: AblationForecast): void {
  const { neededBytes, freeBytes } = memory;
  if (neededBytes <= freeBytes) return;
  throw new WorkMemoryError(
    device.info,
    `A search over ${prompts.length * seeds.length} pictures`,
    neededBytes,
    freeBytes,
  );
}

class Ablation {
  readonly #folder: string;
  readonly #pipeline: Pipeline;
  readonly #sampling: SamplingDescription;
  readonly #options: RunOptions;
  #ablation: AblationFile;

  constructor(
    folder: string,
    pipeline: Pipeline,
    sampling: SamplingDescription,
    ablation: AblationFile,
    options: RunOptions,
  ) {
    this.#folder = folder;
    this.#pipeline = pipeline;
    this.#sampling = sampling;
    this.#ablation = ablation;
    this.#options = options;
  }

  async run(forecast: AblationForecast): Promise<NonNullable<AblationSummary['result']>> {
    const started = performance.now();
    const progress = new AblationProgress(this.#options.onProgress, forecast);
    const { settings } = this.#ablation;
    const missing = missingSearches(settings, this.#ablation.results);
    const all = planAblation(settings).searches.length;
    try {
      await writeTables(this.#folder, this.#ablation);
      const originals = await this.#originals(progress, forecast);
      for (const [n, search] of missing.entries()) {
        const title = `Search ${all - missing.length + n + 1} of ${all}`;
        const parts = {
          search: progress.part(forecast.searchSeconds[n]!, title),
          picture: () => progress.part(forecast.secondsPerPicture, title),
        };
        const { settings: asked } = this.#ablation;
        const around = [this.#folder, this.#pipeline, search, asked, this.#sampling, originals, parts] as const;
        const result = await runSearch(...around, this.#options);
        this.#ablation = { ...this.#ablation, results: [...this.#ablation.results, result] };
        await writeTables(this.#folder, this.#ablation);
      }
    } catch (error) {
      if (!isCancellation(error, this.#options.signal)) throw error;
      const done = this.#ablation.results.length;
      throw new CancelledError(
        `Cancelled: ${done} of ${all} searches are kept in ${this.#folder}.`,
        this.#folder,
        'ablate',
      );
    }
    const files = await writeTables(this.#folder, this.#ablation);
    const seconds = (performance.now() - started) / 1000;
    return { folder: this.#folder, files, tables: measuredTables(this.#ablation), seconds };
  }

  /** Evaluation pictures with full attention, each made once. */
  async #originals(progress: AblationProgress, forecast: AblationForecast): Promise<readonly Original[]> {
    const originals: Original[] = [];
    for (const [position, sample] of this.#ablation.settings.evaluation.entries()) {
      const kept = this.#ablation.originals[position];
      if (kept) {
        originals.push({ image: await readPng(path.join(this.#folder, kept.file)), seconds: kept.seconds });
        continue;
      }
      const onProgress = progress.part(forecast.secondsPerPicture, 'Pictures with full attention');
      const options = { ...this.#options, onProgress };
      const { image, seconds } = await paint(this.#pipeline, sample, this.#sampling, null, options);
      const file = numbered(ORIGINAL_FILE, position);
      await writePng(path.join(this.#folder, file), image);
      originals.push({ image, seconds });
      this.#ablation = { ...this.#ablation, originals: [...this.#ablation.originals, { file, seconds }] };
      await writeTables(this.#folder, this.#ablation);
    }
    return originals;
  }
}
