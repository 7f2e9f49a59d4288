import path from 'node:path';
import { Random } from '../electron/server/fuzz/random.ts';
import { runToEnd, smallCalibration } from '../electron/host/jobs-of-host.ts';
import type { JobRequest } from '../../electron/contract.ts';
import type { Campaign, Trial } from './campaign.ts';
import { childrenOf, processesOf, runArrowhead, type Served, startServed } from './served.ts';
import { calibrateArguments, hashesOf, SMALL } from './small-job.ts';

const SAMPLE = { prompt: 'a blue cube', seed: 3 };

/** The command line, the server and its engine, killed at random moments of every kind of job. */
export const killedProcesses = (times: number): Campaign => ({
  name: 'killed processes',
  async run(trial) {
    const random = new Random(trial.seed);
    await killCommandLine(trial, random, times);
    await killServer(trial, random, times);
    await killEngine(trial, random);
    trial.check(processesOf(trial.folder).length === 0, `processes are left: ${processesOf(trial.folder).join('; ')}`);
  },
});

async function killCommandLine(trial: Trial, random: Random, times: number): Promise<void> {
  const whole = path.join(trial.folder, 'whole');
  const start = performance.now();
  const { code, stderr } = await runArrowhead(calibrateArguments(whole));
  const wholeMs = performance.now() - start;
  trial.check(code === 0, `an undisturbed calibration ended with ${code}: ${stderr.slice(-500)}`);
  const expected = await hashesOf(whole);
  for (let n = 0; n < times; n++) {
    const out = path.join(trial.folder, `killed-${n}`);
    let result = await killedAt(calibrateArguments(out), random.fraction() * wholeMs);
    for (let attempt = 0; result.code !== 0 && attempt < 6; attempt++) {
      const lastAttempt = attempt === 5;
      // Killed before there was a run: there is nothing to resume, and it starts anew.
      const resumed = [...calibrateArguments(out), '--resume'];
      const again = /holds no|nothing to resume|no calibration|does not exist/i.test(result.stderr)
        ? calibrateArguments(out)
        : resumed;
      result = await killedAt(
        again,
        lastAttempt || result.code !== null ? Number.POSITIVE_INFINITY : random.fraction() * wholeMs,
      );
    }
    trial.check(result.code === 0, `${path.basename(out)} cannot be finished: ${result.stderr.slice(-500)}`);
    if (result.code === 0)
      trial.check((await hashesOf(out)) === expected, `${path.basename(out)} ends with other bytes`);
  }

  async function killedAt(args: readonly string[], ms: number) {
    let timer: NodeJS.Timeout | undefined;
    const ended = await runArrowhead(args, (child) => {
      if (Number.isFinite(ms)) timer = setTimeout(() => child.kill('SIGKILL'), ms);
    });
    clearTimeout(timer);
    if (ended.code === null) trial.count('kills of the command line');
    return ended;
  }
}

/** Killed when a job's progress passes a random value; the next server resumes, to the same bytes. */
async function killServer(trial: Trial, random: Random, times: number): Promise<void> {
  const library = path.join(trial.folder, 'library');
  const job = smallCalibration({ sampling: { ...SMALL, steps: 12 }, evaluate: [SAMPLE] });
  let served = await startServed(library);
  const whole = await runToEnd(served.workbench, job);
  trial.check(whole.status === 'finished', `an undisturbed job is ${whole.status}: ${whole.error?.message}`);
  const expected = await hashesOf(path.join(library, whole.run!));
  for (let n = 0; n < times; n++) {
    await whenProgressPasses(served, job, 0.1 + random.fraction() * 0.7);
    await served.end('SIGKILL');
    trial.count('kills of the server');
    served = await startServed(library);
    const { runs, unreadable } = await served.workbench.request('runs.list', {});
    trial.check(unreadable.length === 0, `unreadable after a kill: ${JSON.stringify(unreadable)}`);
    const resumable = runs.find((run) => run.resumable);
    trial.check(resumable !== undefined, 'a killed run cannot be resumed');
    if (resumable === undefined) continue;
    const resumed = await runToEnd(served.workbench, { kind: 'resume', run: resumable.id });
    trial.check(resumed.status === 'finished', `resuming is ${resumed.status}: ${resumed.error?.message}`);
    trial.check((await hashesOf(path.join(library, resumable.id))) === expected, 'a resumed run has other bytes');
  }
  trial.check((await served.end('SIGTERM')) === 0, 'the server did not end in order');
}

/** The engine's process, killed in every kind of job: the job fails, the host lives, the next job works. */
async function killEngine(trial: Trial, random: Random): Promise<void> {
  const served = await startServed(path.join(trial.folder, 'library'));
  const { runs } = await served.workbench.request('runs.list', {});
  const run = runs.find(({ hasTable }) => hasTable)!.id;
  const of = { run, granularity: 'head', cost: 'flops' } as const;
  const jobs: JobRequest[] = [
    { kind: 'generate', model: null, samples: [SAMPLE], sampling: { ...SMALL, steps: 12 }, plan: null, compare: false },
    smallCalibration({ sampling: { ...SMALL, steps: 12 } }),
    {
      kind: 'confirm-search',
      ...of,
      delta: 0.8,
      headConstraint: null,
      candidates: ['arrow/4', 'cached'],
      evaluate: [],
    },
    { kind: 'sweep', ...of, deltas: [0.5, 1], headConstraints: [null], candidates: null, samples: [SAMPLE] },
  ];
  for (const job of jobs)
    for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
      const ended = runToEnd(served.workbench, job);
      await progressPasses(served, 0.05 + random.fraction() * 0.5, ended);
      for (const pid of childrenOf(served.child.pid!)) process.kill(pid, signal);
      const { status, error } = await ended;
      trial.count('kills of the engine');
      trial.check(status === 'failed' || status === 'finished', `${job.kind} after ${signal} is ${status}`);
      if (status === 'failed')
        trial.check((error?.message ?? '').length > 20, `${job.kind}: says nothing of its death`);
      const next = await runToEnd(served.workbench, jobs[0]!);
      trial.check(
        next.status === 'finished',
        `the job after ${job.kind} and ${signal} is ${next.status}: ${next.error?.message}`,
      );
    }
  trial.check((await served.end('SIGTERM')) === 0, 'the server did not end in order');
}

async function whenProgressPasses(served: Served, job: JobRequest, value: number): Promise<void> {
  const passed = progressPasses(served, value, new Promise(() => {}));
  await served.workbench.request('jobs.start', { job });
  await passed;
}

/** Resolves when a job's progress has passed a value, or `ended` has. */
function progressPasses({ workbench }: Served, value: number, ended: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const stop = workbench.subscribe((event) => {
      const over = event.event === 'job.changed' && event.payload.job.ended !== null;
      if (!over && (event.event !== 'job.progress' || event.payload.progress.value < value)) return;
      stop();
      resolve();
    });
    void ended.then(() => resolve());
  });
}
