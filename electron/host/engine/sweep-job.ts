import path from 'node:path';
import {
  compareWithLpips,
  createRun,
  distancesOf,
  ORIGINAL_FILE,
  openRun,
  type Run,
} from '../../../calibration/index.ts';
import type { Pipeline, RgbImage, Sample, SamplingDescription } from '../../../mmdit/index.ts';
import { paint } from '../../engine/paint.ts';
import { numbered } from '../../engine/paint-pair.ts';
import { readPng } from '../../engine/png.ts';
import { partOf } from '../../engine/progress.ts';
import type { RunOptions } from '../../engine/run-options.ts';
import { runWork } from '../../engine/run-work.ts';
import { checkSampling } from '../../engine/sampling-wish.ts';
import { type SchemeInUse, prepareScheme } from '../../engine/scheme-in-use.ts';
import { type MeasuredPoint, type NotedPicture, type RunNotes, readNotes } from '../library/run-notes.ts';
import type { CallContext } from '../workers/serve-calls.ts';
import type { EngineCalls, SweepPlan } from './engine-calls.ts';
import { noteInRun, runOptions } from './job-context.ts';

/** What a sweep has found so far. */
type Measured = Pick<RunNotes, 'pictures' | 'sweep'>;

interface Original {
  readonly sample: Sample;
  readonly file: string;
  readonly image: RgbImage;
  readonly seconds: number;
}

/** δ × c: pictures under every plan against those with full attention. Equal plans are made once. A run. */
export async function sweepJob(
  pipeline: Pipeline,
  { library, request, model, sampling: wanted, plans, run: earlier }: EngineCalls['sweep']['params'],
  context: CallContext,
): Promise<null> {
  const sampling = checkSampling(pipeline, wanted);
  const run =
    earlier === null
      ? await makeRun(library, request.name ?? 'Sweep', pipeline, sampling)
      : await openRun(path.join(library, earlier));
  const before = await readNotes(run.folder);
  if (before === null) await noteInRun(run, { kind: 'sweep', parent: request.run, model, request }, context);
  else context.report({ kind: 'run', run: path.basename(run.folder) });
  const measured = { pictures: before?.pictures ?? [], sweep: before?.sweep ?? [] };
  await runWork(run, context.signal, 'the points measured so far are kept.', () =>
    new Sweep(run, pipeline, sampling, plans, measured, context).run(request.samples),
  );
  return null;
}

class Sweep {
  readonly #run: Run;
  readonly #pipeline: Pipeline;
  readonly #sampling: SamplingDescription;
  readonly #plans: readonly SweepPlan[];
  readonly #context: CallContext;
  readonly #options: Required<RunOptions>;
  #measured: Measured;
  #parts = 1;
  #done = 0;

  constructor(
    run: Run,
    pipeline: Pipeline,
    sampling: SamplingDescription,
    plans: readonly SweepPlan[],
    measured: Measured,
    context: CallContext,
  ) {
    this.#run = run;
    this.#pipeline = pipeline;
    this.#sampling = sampling;
    this.#plans = plans;
    this.#measured = measured;
    this.#context = context;
    this.#options = runOptions(context);
  }

  async run(samples: readonly Sample[]): Promise<void> {
    const missing = this.#plans.filter((plan) => !this.#measured.sweep.some((point) => isAt(point, plan)));
    this.#parts = samples.length * (new Set(missing.map(planKey)).size + 1);
    const originals = await this.#originals(samples);
    for (const plan of missing) await this.#measure(plan, originals);
    this.#context.report({ kind: 'run', run: this.#id });
  }

  get #id(): string {
    return path.basename(this.#run.folder);
  }

  async #originals(samples: readonly Sample[]): Promise<readonly Original[]> {
    const originals: Original[] = [];
    for (const [position, sample] of samples.entries()) {
      const file = numbered(ORIGINAL_FILE, position);
      const kept = this.#measured.pictures.find(({ original }) => original === file);
      if (kept?.seconds.original) {
        const image = await readPng(this.#run.path(file));
        originals.push({ sample, file, image, seconds: kept.seconds.original });
        this.#done += 1;
        continue;
      }
      const { image, seconds } = await this.#paint(sample, null, 'full attention');
      await this.#run.writePng(file, image);
      originals.push({ sample, file, image, seconds });
    }
    return originals;
  }

  async #measure(plan: SweepPlan, originals: readonly Original[]): Promise<void> {
    const number = this.#measured.sweep.length + 1;
    const { delta, headConstraint } = plan.tuning;
    const twin = this.#measured.sweep.find((point) =>
      this.#plans.some((other) => isAt(point, other) && planKey(other) === planKey(plan)),
    );
    const scheme = `point-${number}.scheme.json`;
    await this.#run.writeScheme(plan.scheme, scheme);
    const positions: number[] = twin ? [...twin.pictures] : [];
    const pictures = [...this.#measured.pictures];
    if (!twin) {
      const use = prepareScheme(plan.scheme, this.#pipeline, this.#sampling, { force: true });
      for (const [position, original] of originals.entries()) {
        const detail = `δ ${delta}, c ${headConstraint ?? 'none'}`;
        const { image, seconds, applied } = await this.#paint(original.sample, use, detail);
        const file = `point-${number}${position === 0 ? '' : `-${position + 1}`}.png`;
        await this.#run.writePng(file, image);
        await this.#run.addApplied(file, applied);
        positions.push(pictures.length);
        pictures.push(await pictureOf(original, file, image, seconds));
      }
    }
    const made = positions.map((position) => pictures[position]!);
    const point: MeasuredPoint = {
      ...{ delta, headConstraint, scheme },
      sparsity: plan.sparsity,
      attentionSpeedUp: plan.attentionSpeedUp,
      endToEndSpeedUp: plan.endToEndSpeedUp,
      measuredSpeedUp:
        sum(made.map(({ seconds }) => seconds.original)) / sum(made.map(({ seconds }) => seconds.compressed)),
      ssim: sum(made.map(({ metrics }) => metrics!.ssim)) / made.length,
      psnr: meanOrNull(made.map(({ metrics }) => metrics!.psnr)),
      lpips: meanOrNull(made.map(({ metrics }) => metrics!.lpips)),
      lpipsPaper: meanOrNull(made.map(({ metrics }) => metrics!.lpipsPaper)),
      pictures: positions,
    };
    this.#measured = { pictures, sweep: [...this.#measured.sweep, point] };
    await noteInRun(this.#run, this.#measured, this.#context);
  }

  async #paint(sample: Sample, use: SchemeInUse | null, detail: string) {
    const from = this.#done / this.#parts;
    const onProgress = partOf(this.#options.onProgress, from, from + 1 / this.#parts);
    const place = `picture ${this.#done + 1} of ${this.#parts}, ${detail}`;
    const painted = await paint(this.#pipeline, sample, this.#sampling, use, {
      ...this.#options,
      onProgress: (progress) => onProgress({ ...progress, title: 'Sweeping', detail: place }),
    });
    this.#done += 1;
    return painted;
  }
}

async function pictureOf(
  { sample, file, image, seconds }: Original,
  compressed: string,
  found: RgbImage,
  took: number,
): Promise<NotedPicture> {
  return {
    ...sample,
    original: file,
    compressed,
    difference: null,
    metrics: distancesOf(await compareWithLpips(image, found)),
    seconds: { original: seconds, compressed: took },
  };
}

async function makeRun(
  library: string,
  name: string,
  { identity, device }: Pipeline,
  sampling: SamplingDescription,
): Promise<Run> {
  const { family, name: model, fingerprint } = identity;
  const { scheduler, steps, guidance, width, height, textTokens, tokenOrder } = sampling;
  return createRun(library, name, {
    model: { family, name: model, fingerprint },
    device: device.info.name,
    sampling: { scheduler, steps, guidance, width, height, textTokens, tokenOrder },
  });
}

function isAt(point: Pick<MeasuredPoint, 'delta' | 'headConstraint'>, { tuning }: SweepPlan): boolean {
  return point.delta === tuning.delta && point.headConstraint === tuning.headConstraint;
}

/** Plans that make the same picture. */
function planKey({ scheme }: SweepPlan): string {
  return JSON.stringify([scheme.methods, scheme.plan]);
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  return values.includes(null) ? null : sum(values) / values.length;
}
