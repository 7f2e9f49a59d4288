import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageRef, Job, JobRequest } from '../../../electron/contract.ts';
import { createWorkbench, type WorkbenchHost } from '../../../electron/host/workbench-host.ts';
import { PROMPT, runToEnd, SMALL, smallCalibration } from './jobs-of-host.ts';
import { WatchedEngine } from './watched-engine.ts';

const SIGNALS = ['SIGKILL', 'SIGSEGV'] as const;
/** So long that no job ends before its kill, however late the host hears of its progress. */
const LONG = { ...SMALL, steps: 300 };
const SAMPLE = { prompt: PROMPT, seed: 3 };

let library: string;
let host: WorkbenchHost;
const engine = new WatchedEngine();
beforeAll(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'arrowhead-killed-engine-'));
  host = await createWorkbench({ library, startProcess: engine.start });
});
afterAll(async () => {
  await host.close();
  await rm(library, { recursive: true, force: true });
});

/** Starts a job and kills the engine as soon as its progress passes `killAt`. */
async function kill(request: JobRequest, signal: NodeJS.Signals, killAt = 0): Promise<Job> {
  const stop = host.subscribe(({ event, payload }) => {
    if (event !== 'job.progress' || payload.progress.value <= killAt) return;
    stop();
    engine.signal(signal);
  });
  const job = await runToEnd(host, request);
  stop();
  return job;
}

function expectCrash(job: Job, signal: NodeJS.Signals): void {
  expect(job).toMatchObject({
    status: 'failed',
    error: {
      name: 'WorkerCrashedError',
      message: expect.stringContaining(`The compute engine stopped: ${signal}`),
      hint: expect.stringContaining('starts anew with the next job'),
    },
  });
}

describe('an engine that is killed', () => {
  let calibrated: string;

  it('in a calibration and again when it is resumed: every finished step is kept', async () => {
    const request = smallCalibration({ sampling: { ...SMALL, steps: 24 } });
    const killed = await kill(request, 'SIGSEGV', 0.1);
    expectCrash(killed, 'SIGSEGV');
    const resume = { kind: 'resume' as const, run: killed.run! };
    const again = await kill(resume, 'SIGKILL', 0.2);
    expectCrash(again, 'SIGKILL');
    const { runs } = await host.request('runs.list', {});
    expect(runs).toMatchObject([{ id: killed.run, resumable: true }]);

    const resumed = await runToEnd(host, resume);
    expect(resumed).toMatchObject({ status: 'finished', run: killed.run });
    const whole = await runToEnd(host, request);
    for (const file of ['rse.safetensors', 'scheme.scheme.json']) {
      const [a, b] = [whole, resumed].map(({ run }) => path.join(library, run!, file));
      expect(await readFile(b!), file).toEqual(await readFile(a!));
    }
    calibrated = whole.run!;
  });

  const many = Array.from({ length: 12 }, (_, seed) => ({ ...SAMPLE, seed }));
  const SHORT: JobRequest = {
    ...{ kind: 'generate', model: null, samples: [SAMPLE], sampling: SMALL },
    ...{ plan: null, compare: false },
  };
  const bounds = { granularity: 'head' as const, cost: 'flops' as const };
  const jobs: Record<string, () => JobRequest> = {
    calibrate: () => smallCalibration({ sampling: LONG, seeds: [2] }),
    generate: () => ({
      ...{ kind: 'generate', model: null, samples: [SAMPLE], sampling: LONG },
      ...{ plan: null, compare: false },
    }),
    'confirm-search': () => ({
      ...{ ...bounds, kind: 'confirm-search', run: calibrated, delta: 1, headConstraint: null },
      ...{ candidates: ['cached'], evaluate: many },
    }),
    sweep: () => ({
      ...{ ...bounds, kind: 'sweep', run: calibrated, deltas: [0, 1], headConstraints: [null], candidates: null },
      samples: many,
    }),
    'attention-map': () => ({
      ...{ kind: 'attention-map', model: null, sample: SAMPLE, sampling: LONG, scheme: null },
      ...{ step: 299, layer: 0, head: 0, fractions: [4] },
    }),
  };

  it.each(Object.keys(jobs).flatMap((kind) => SIGNALS.map((signal) => [kind, signal] as const)))(
    'fails a %s job with %s',
    async (kind, signal) => {
      // The one before has died in the test before: that job runs up to here.
      expectCrash(await kill(jobs[kind]!(), signal), signal);
    },
  );

  let picture: ImageRef;
  it('while another job waits: that one runs', async () => {
    const failing = kill(jobs.generate!(), 'SIGKILL');
    const waiting = runToEnd(host, SHORT);
    expectCrash(await failing, 'SIGKILL');
    const made = await waiting;
    expect(made).toMatchObject({ status: 'finished', error: null });
    picture = { run: made.run!, file: 'original.png' };
  });

  it.each(SIGNALS)('fails a comparison with %s, and the next one is answered', async (signal) => {
    const compare = () => host.request('images.compare', { a: picture, b: picture });
    await compare();
    engine.dieAtCall({ name: 'comparePictures', signal });
    await expect(compare()).rejects.toMatchObject({
      name: 'WorkerCrashedError',
      message: expect.stringContaining(signal),
    });
    engine.dieAtCall(null);
    expect(await compare()).toMatchObject({ identical: true });
  });

  it('while it is idle: nobody hears of it', async () => {
    const starts = engine.starts;
    engine.signal('SIGKILL');
    // The host has not noticed yet.
    expect(await runToEnd(host, SHORT)).toMatchObject({ status: 'finished', error: null });
    expect(engine.starts).toBe(starts + 1);
  });
});

it('an engine that hears nothing does not hold up the end of its host', async () => {
  const deaf = new WatchedEngine();
  const own = await createWorkbench({ library: path.join(library, 'own'), startProcess: deaf.start });
  const stop = own.subscribe(({ event }) => {
    if (event === 'job.progress') deaf.signal('SIGSTOP');
  });
  const job = runToEnd(own, smallCalibration({ sampling: LONG }));
  await new Promise<void>((resolve) => {
    const end = own.subscribe(({ event }) => {
      if (event !== 'job.progress') return;
      end();
      resolve();
    });
  });
  await own.close();
  stop();
  expect(await job).toMatchObject({ status: 'cancelled' });
});
