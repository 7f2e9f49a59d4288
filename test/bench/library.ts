// npm run bench:library [-- --runs 300] [--quick]: a library of FLUX-size runs under `arrowhead serve`. Linux.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { RunSummary, Workbench } from '../../electron/contract.ts';
import { CHROMIUM, launchChromium } from '../chromium.ts';
import { makeFluxLibrary } from './library/flux-library.ts';
import { ServedProcess } from './library/served-process.ts';

const REPORT = path.resolve(import.meta.dirname, '../report');
const WINDOWS = 8;
const WAITING_LISTS = 60;
/** A 32nd of the library is in sight in a window. */
const IN_SIGHT = 12;

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '300' }, quick: { type: 'boolean', default: false } },
});
const count = Number(values.runs);
const [lists, solves, comparisons] = values.quick ? [10, 100, 4] : [60, 2000, 200];

interface Row {
  readonly measured: string;
  readonly target: string;
  readonly found: string;
  readonly ok: boolean;
}
const rows: Row[] = [];
const figures: Record<string, number> = { runs: count };

const scratch = await mkdtemp(path.join(tmpdir(), 'arrowhead-bench-'));
const library = path.join(scratch, 'library');
try {
  await mkdir(path.join(scratch, 'parts'));
  const making = performance.now();
  await makeFluxLibrary(library, path.join(scratch, 'parts'), count);
  console.log(`made ${count} runs of FLUX's size in ${seconds(making).toFixed(1)} s`);
  await measureHost();
  await measureEnd('waiting', async () => {});
  await measureEnd('computing', startCalibration);
  if (CHROMIUM !== undefined) await measureWindow();
} finally {
  await rm(scratch, { recursive: true, force: true });
}

console.table(rows.map(({ ok, ...row }) => ({ ...row, ok: ok ? 'yes' : 'NO' })));
await mkdir(REPORT, { recursive: true });
await writeFile(path.join(REPORT, 'library.json'), `${JSON.stringify({ figures, rows }, null, 2)}\n`);
if (rows.some(({ ok }) => !ok)) process.exitCode = 1;

async function measureHost(): Promise<void> {
  const served = await ServedProcess.start(library);
  const window = served.connect().workbench;
  const { ms: first, value } = await timed(() => window.request('runs.list', {}));
  const { runs } = value;
  report('first list, runs without a summary', 'firstListMs', first, null, 'ms');
  report('until all summaries are stored', 'storedSeconds', await untilStored(runs), null, 's');
  const times = await repeat(lists, () => window.request('runs.list', {}));
  report('list, median', 'listMedianMs', quantile(times, 0.5), null, 'ms');
  report('list, p95', 'listP95Ms', quantile(times, 0.95), 50, 'ms');

  await window.request('calibration.open', { run: runs[0]!.id });
  await repeat(20, (n) => solve(window, runs, n));
  const alone = quantile(await repeat(values.quick ? 25 : 200, (n) => solve(window, runs, n)), 0.95);
  report('slider, p95', 'sliderP95Ms', alone, null, 'ms');
  const busy = quantile(
    await whileRefreshing(served, runs, () => repeat(values.quick ? 25 : 200, (n) => solve(window, runs, n))),
    0.95,
  );
  report('slider, p95 while windows list and runs change', 'sliderRefreshingP95Ms', busy, alone * 1.5 + 5, 'ms');

  await measureWindows(served, runs);
  const warm = Math.min(200, solves / 2);
  await repeat(warm, (n) => solve(window, runs, n));
  const beforeSolves = await served.hostMegabytes();
  await repeat(solves, (n) => solve(window, runs, n));
  report(
    `host memory, growth over ${solves} solves`,
    'solvesMB',
    (await served.hostMegabytes()) - beforeSolves,
    25,
    'MB',
  );
  await repeat(Math.ceil(comparisons / 10), () => compare(window, runs));
  const before = [await served.hostMegabytes(), await served.allMegabytes()] as const;
  await repeat(comparisons, () => compare(window, runs));
  const after = [await served.hostMegabytes(), await served.allMegabytes()] as const;
  report(`host memory, growth over ${comparisons} comparisons`, 'comparisonsMB', after[0] - before[0], 25, 'MB');
  report('the same, with the engine', 'comparisonsAllMB', after[1] - before[1], 50, 'MB');
  await served.terminate();
}

/** Seconds until every run of the library has its summary in run.json; the worker goes by their names. */
async function untilStored(runs: readonly RunSummary[]): Promise<number> {
  const started = performance.now();
  const last = path.join(
    library,
    runs
      .map(({ id }) => id)
      .sort()
      .at(-1)!,
    'run.json',
  );
  while (JSON.parse(await readFile(last, 'utf8')).summary === null) await setTimeout(100);
  return seconds(started);
}

/** Windows that open at once and scroll: each lists, and asks for the thumbnails in sight. */
async function measureWindows(served: ServedProcess, runs: readonly RunSummary[]): Promise<void> {
  const windows = Array.from({ length: WINDOWS }, () => served.connect().workbench);
  let peak = 0;
  const watch = setInterval(() => void served.hostMegabytes().then((size) => (peak = Math.max(peak, size))), 20);
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      windows.map(async (window) => {
        await window.request('runs.list', {});
        const seen = runs.slice(round * IN_SIGHT, (round + 1) * IN_SIGHT);
        await Promise.all(seen.map(({ id }) => thumbnail(window, id)));
      }),
    );
  }
  clearInterval(watch);
  report(`host memory with ${WINDOWS} windows, peak`, 'windowsPeakMB', peak, 300, 'MB');
}

async function measureWindow(): Promise<void> {
  const served = await ServedProcess.start(library);
  const browser = await launchChromium();
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const started = performance.now();
  await page.goto(served.url);
  const pageAt = performance.now();
  await page.locator('[data-run]').first().waitFor({ timeout: 120_000 });
  report('a browser shows its runs, after the page', 'shownSeconds', seconds(pageAt), 2, 's');
  await page.locator('[data-run] img').first().waitFor({ timeout: 120_000 });
  report('and a thumbnail', 'thumbnailSeconds', seconds(pageAt), null, 's');
  report('from the address to its runs', 'openedSeconds', seconds(started), null, 's');
  await browser.close();
  await served.terminate();
}

/** SIGTERM while `WAITING_LISTS` lists wait, and with what `prepare` began. */
async function measureEnd(what: string, prepare: (window: Workbench) => Promise<void>): Promise<void> {
  const served = await ServedProcess.start(library);
  const windows = Array.from({ length: WINDOWS }, () => served.connect().workbench);
  await Promise.all(windows.map((window) => window.request('settings.get', {})));
  await prepare(windows[0]!);
  for (let n = 0; n < WAITING_LISTS; n++) windows[n % WINDOWS]!.request('runs.list', {}).catch(() => {});
  await setTimeout(100);
  const end = await served.terminate();
  report(`SIGTERM with ${WAITING_LISTS} lists ${what}`, `sigterm ${what}`, end.seconds, 2, 's');
  if (end.code !== 0) report('and its exit code', `sigterm code ${what}`, end.code ?? 137, 0, '');
}

async function startCalibration(window: Workbench): Promise<void> {
  const running = new Promise<void>((resolve) => {
    window.subscribe(({ event, payload }) => event === 'job.progress' && payload.progress.value > 0.02 && resolve());
  });
  const bounds = { delta: 0.2, headConstraint: 1.5, candidates: ['arrow/8', 'cached'], cost: 'flops' as const };
  const sampling = { steps: 20, guidance: 3.5, width: 1024, height: 1024 };
  const prompts = { prompts: ['a red cube', 'a blue cone'], seeds: [0], evaluate: [] };
  await window.request('jobs.start', { job: { kind: 'calibrate', model: null, ...prompts, sampling, ...bounds } });
  await running;
}

/** Does work while other windows list all the time, and one tags runs. */
async function whileRefreshing<T>(
  served: ServedProcess,
  runs: readonly RunSummary[],
  work: () => Promise<T>,
): Promise<T> {
  let done = false;
  const others = Array.from({ length: 3 }, () => served.connect().workbench);
  const busy = others.map(async (window, n) => {
    for (let turn = 0; !done; turn++) {
      const run = runs[(turn * 7) % runs.length]!.id;
      if (n === 0) await window.request('runs.setTags', { run, tags: [`turn-${turn}`] });
      await window.request('runs.list', {});
    }
  });
  await others[0]!.request('runs.list', {});
  const result = await work();
  done = true;
  await Promise.all(busy);
  return result;
}

async function solve(window: Workbench, runs: readonly RunSummary[], n: number): Promise<void> {
  const tuning = {
    delta: 0.1 + (n % 90) / 100,
    headConstraint: 1.5,
    candidates: null,
    pins: [],
    cost: 'flops' as const,
  };
  await window.request('calibration.solve', { run: runs[0]!.id, ...tuning });
}

async function compare(window: Workbench, runs: readonly RunSummary[]): Promise<void> {
  const run = runs[0]!.id;
  await window.request('images.compare', { a: { run, file: 'original.png' }, b: { run, file: 'compressed.png' } });
}

async function thumbnail(window: Workbench, run: string): Promise<void> {
  await window.request('images.get', { run, file: 'compressed.png', maxSize: 160 });
}

async function repeat(times: number, work: (n: number) => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < times; n++) took.push((await timed(() => work(n))).ms);
  return took;
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const started = performance.now();
  const value = await work();
  return { ms: performance.now() - started, value };
}

function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))]!;
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

function report(measured: string, key: string, value: number, target: number | null, unit: string): void {
  figures[key] = Number(value.toFixed(3));
  const show = (of: number) => `${of.toFixed(unit === 'MB' ? 0 : unit === 's' ? 2 : 1)} ${unit}`.trim();
  rows.push({
    measured,
    target: target === null ? '' : `< ${show(target)}`,
    found: show(value),
    ok: target === null || value <= target,
  });
  console.log(`${measured}: ${show(value)}`);
}
