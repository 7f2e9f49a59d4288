import { formatScheme, readScheme, type Scheme } from '../../calibration/index.ts';
import type { ExportedFile, PlanSource, SchemeContent, SchemeDiff, SchemeRef } from '../contract.ts';
import { methodLabel } from '../contract/methods.ts';
import { invalidRequest } from './host-errors.ts';
import type { RunLibrary } from './library/run-library.ts';
import type { TableCalls } from './tables/table-calls.ts';
import type { WorkerLink } from './workers/worker-link.ts';

/** Finds schemes: files of runs, and what the sliders say now. */
export class Plans {
  readonly #library: RunLibrary;
  readonly #tables: WorkerLink<TableCalls>;

  constructor(library: RunLibrary, tables: WorkerLink<TableCalls>) {
    this.#library = library;
    this.#tables = tables;
  }

  /** Throws NotFoundError, CalibrationFileError, CalibrationError. */
  async scheme(source: PlanSource): Promise<Scheme> {
    if (source.kind === 'scheme') return this.#read(source);
    const { kind: _, run, ...tuning } = source;
    return this.#tables.call('scheme', { folder: await this.#library.folder(run), tuning });
  }

  async content(ref: SchemeRef): Promise<SchemeContent> {
    const { model, search, block, methods, layers, plan, stats } = await this.#read(ref);
    const { mode, ...settings } = search;
    return {
      ...ref,
      ...{ model, layers, methods, mode, block },
      search: { ...settings, granularity: settings.granularity ?? 'head' },
      steps: plan.length,
      heads: plan[0]![0]!.length,
      plan: Uint8Array.from(plan.flat(2)),
      sparsity: stats.sparsity,
    };
  }

  async export(source: PlanSource): Promise<ExportedFile> {
    const scheme = await this.scheme(source);
    const { delta, headConstraint, granularity } = scheme.search;
    const solved = `delta-${delta}-c-${headConstraint ?? 'none'}${granularity === 'layer' ? '-layer' : ''}.scheme.json`;
    const name = source.kind === 'scheme' ? source.scheme : solved;
    return { fileName: name, mediaType: 'application/json', data: new TextEncoder().encode(formatScheme(scheme)) };
  }

  /** Throws InvalidRequestError for schemes of two shapes. */
  async diff(a: PlanSource, b: PlanSource): Promise<SchemeDiff> {
    return diffSchemes(await this.scheme(a), await this.scheme(b));
  }

  async #read({ run, scheme }: SchemeRef): Promise<Scheme> {
    if (!scheme.endsWith('.scheme.json')) throw invalidRequest(`scheme: expected a *.scheme.json, found "${scheme}"`);
    return readScheme(await this.#library.file(run, scheme));
  }
}

/** Two schemes of equal steps, layers and heads, head by head. Throws InvalidRequestError for others. */
export function diffSchemes(a: Scheme, b: Scheme): SchemeDiff {
  const methods = [...new Set([...a.methods, ...b.methods])];
  const indexOf = (scheme: Scheme) => scheme.methods.map((method) => methods.indexOf(method));
  const [indexA, indexB] = [indexOf(a), indexOf(b)];
  const planA = Uint8Array.from(a.plan.flat(2), (choice) => indexA[choice]!);
  const planB = Uint8Array.from(b.plan.flat(2), (choice) => indexB[choice]!);
  const heads = a.plan[0]![0]!.length;
  requireSame('steps', a.plan.length, b.plan.length);
  requireSame('layers', a.layers.join(', '), b.layers.join(', '));
  requireSame('heads', heads, b.plan[0]![0]!.length);
  const changed = new Float32Array(planA.length / heads);
  const counts = new Map<string, number>();
  let changedHeads = 0;
  for (let at = 0; at < planA.length; at++) {
    if (planA[at] === planB[at]) continue;
    changed[Math.floor(at / heads)]! += 1 / heads;
    changedHeads += 1;
    const key = `${planA[at]} ${planB[at]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const transitions = [...counts]
    .map(([key, count]) => {
      const [from = 0, to = 0] = key.split(' ').map(Number);
      return { from: methods[from]!, to: methods[to]!, heads: count };
    })
    .sort((left, right) => right.heads - left.heads);
  return {
    ...{ steps: a.plan.length, layers: a.layers, heads, methods, planA, planB, changed, changedHeads, transitions },
    settings: settingsOf(a).flatMap(([field, value], index) => {
      const other = settingsOf(b)[index]![1];
      return value === other ? [] : [{ field, a: value, b: other }];
    }),
    sparsityA: a.stats.sparsity,
    sparsityB: b.stats.sparsity,
  };
}

function settingsOf({ model, sampling, search, block }: Scheme): readonly (readonly [string, string])[] {
  return [
    ['model', `${model.name} (${model.fingerprint})`],
    ['δ', String(search.delta)],
    ['c', String(search.headConstraint ?? 'none')],
    ['algorithm', search.algorithm ?? 'progressive'],
    ['threshold', String(search.threshold ?? 'none')],
    ['granularity', search.granularity ?? 'head'],
    ['candidates', search.candidates.map(methodLabel).join(', ')],
    ['cost', search.cost],
    ['mode', search.mode],
    ['prompts', search.prompts.join(' · ')],
    ['negative prompt', search.negativePrompt ?? 'none'],
    ['seeds', search.seeds.join(', ')],
    ['size', `${sampling.width}×${sampling.height}`],
    ['guidance', String(sampling.guidance)],
    ['block', block.join('×')],
  ];
}

function requireSame(what: string, a: number | string, b: number | string): void {
  if (a !== b) throw invalidRequest(`The schemes cannot be compared: ${what} are ${a} and ${b}.`);
}
