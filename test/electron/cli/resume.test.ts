import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProcess, startArrowhead } from './run-arrowhead.ts';

const MODEL = fileURLToPath(new URL('../../golden/pipeline/flux-pipeline-tiny', import.meta.url));
const STEPS = 24;
const SEARCH = [
  'calibrate',
  '--model',
  MODEL,
  '--prompt',
  'a large red sphere',
  'a blue cube',
  '--size',
  '96x96',
].concat('--steps', String(STEPS), '--seed', '3', '4', '--delta', '0.7', '--json', '--out');
const KILLS = 5;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-resume-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The search again: going on where a run was begun. A kill before that leaves nothing to go on with. */
function searchAgain(run: string): string[] {
  return [...SEARCH, run, ...(existsSync(path.join(run, 'run.json')) ? ['--resume'] : [])];
}

/** What must not depend on interruptions. */
async function outcome(run: string): Promise<Record<string, string>> {
  const names = ['rse.safetensors', 'scheme.scheme.json'];
  const files = await Promise.all(names.map((name) => readFile(path.join(run, name))));
  return Object.fromEntries(names.map((name, index) => [name, files[index]!.toString('base64')]));
}

/** Steps that standard error saw finished: "step 7 of" is said when the seventh begins. */
function finishedSteps(stderr: string): number {
  return Math.max(0, ...[...stderr.matchAll(/Calibrating: .*step (\d+) of/g)].map(([, step]) => Number(step) - 1));
}

describe('a calibration that is killed', () => {
  it('ends with the same bytes as an uninterrupted one, and repeats the current step only', async () => {
    const started = performance.now();
    const whole = path.join(folder, 'whole');
    expect((await runProcess(...SEARCH, whole)).code).toBe(0);
    const duration = performance.now() - started;

    const killed = path.join(folder, 'killed');
    let kept = 0;
    const moments: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      // Anywhere from before the first file to the end, later and later so that there is always something left to do.
      const moment = duration * Math.random() * 0.7;
      moments.push(Math.round(moment));
      const { child, result } = startArrowhead(searchAgain(killed));
      await Promise.race([sleep(moment), result]);
      child.kill('SIGKILL');
      kept = Math.max(kept, finishedSteps((await result).stderr));
    }
    const last = await runProcess(...searchAgain(killed));
    const context = `killed after ${moments.join(', ')} ms of ${Math.round(duration)}; ${last.stderr}`;
    expect(last.code, context).toBe(0);
    expect(JSON.parse(last.stdout).resumedSteps, context).toBeGreaterThanOrEqual(kept);
    expect(await outcome(killed), context).toEqual(await outcome(whole));
    // The interrupted writes of killed processes are swept away too.
    expect((await readdir(killed)).sort()).toEqual(['rse.safetensors', 'run.json', 'scheme.scheme.json']);
  });

  it('goes on from its folder alone', async () => {
    const run = path.join(folder, 'alone');
    const { child, result, said } = startArrowhead([...SEARCH, run]);
    await said('step 9 of');
    child.kill('SIGKILL');
    await result;
    const { code, stdout } = await runProcess('calibrate', '--model', MODEL, '--out', run, '--resume', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).resumedSteps).toBeGreaterThanOrEqual(8);
    expect(await outcome(run)).toEqual(await outcome(path.join(folder, 'whole')));
  });
});
