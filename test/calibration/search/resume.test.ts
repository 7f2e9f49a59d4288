import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CalibrateOptions, type Calibration, calibrate } from '../../../calibration/search/calibrate.ts';
import { JOURNAL_FILE } from '../../../calibration/search/journal.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { FileWriteError } from '../../../mmdit/files/write-whole-file.ts';
import { uniform } from '../../fixtures/synthetic-rse.ts';
import { fakePipeline } from './fake-pipeline.ts';

const RESULTS = ['rse.safetensors', 'scheme.scheme.json'];

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'calibrate-'));
});
afterAll(() => rm(root, { recursive: true }));

const request = {
  prompts: ['a cube'],
  seeds: [1],
  sampling: { steps: 24, guidance: 3.5, width: 64, height: 64 },
  delta: 0.05,
  headConstraint: 2,
  candidates: ['arrow/8', 'arrow/2', 'cached'].map(parseMethod),
};

const run = (directory: string, options: CalibrateOptions = {}, changes = {}): Promise<Calibration> =>
  calibrate(fakePipeline(), { ...request, ...changes }, { directory, ...options });

/** Runs until its progress passes `killAt`, then SIGKILL; resolves to whether it was killed. */
function runChild(directory: string, mode: 'new' | 'resume', killAt: number): Promise<boolean> {
  const child = spawn(process.execPath, ['test/calibration/search/calibrate-child.ts', directory, mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  child.stdout.on('data', (text) => {
    if (Number(String(text).trim().split('\n').at(-1)) >= killAt) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(signal === 'SIGKILL');
      else reject(new Error(`The child ended with ${code}: ${errors}`));
    });
  });
}

async function bytesOf(directory: string): Promise<readonly Buffer[]> {
  return Promise.all(RESULTS.map((name) => readFile(path.join(directory, name))));
}

/** Fires at the first layer of a step. */
function stopAt(step: number): CalibrateOptions {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onProgress: (event) => {
      if (event.stage === 'search' && event.step === step) controller.abort();
    },
  };
}

describe('a calibration in a folder', () => {
  it('leaves its results and nothing else', async () => {
    const directory = path.join(root, 'a', 'whole');
    const { seconds, resumedSteps } = await run(directory);
    expect((await readdir(directory)).sort()).toEqual(RESULTS);
    expect(seconds).toBeGreaterThan(0);
    expect(resumedSteps).toBe(0);
  });

  it('killed with SIGKILL at random points and resumed, ends with the bytes of one that ran through', async () => {
    const whole = path.join(root, 'through');
    expect(await runChild(whole, 'new', 2)).toBe(false);
    const random = uniform(Date.now());
    for (let round = 0; round < 3; round++) {
      const directory = path.join(root, `killed-${round}`);
      let killAt = random() * 0.5;
      let kills = 0;
      for (let mode: 'new' | 'resume' = 'new'; await runChild(directory, mode, killAt); mode = 'resume') {
        kills += 1;
        killAt = killAt + 0.02 + random() * 0.4;
      }
      expect(kills).toBeGreaterThan(0);
      expect((await readdir(directory)).sort()).toEqual(RESULTS);
      expect(await bytesOf(directory)).toEqual(await bytesOf(whole));
    }
  }, 120_000);

  // A file size limit cuts writes short just as a filling disk does, and needs no right to mount one.
  it('on a disk that fills up, names the file, keeps what was finished and resumes when there is space', async () => {
    const directory = path.join(root, 'full-disk');
    const child = 'test/calibration/search/calibrate-child.ts';
    const script = 'ulimit -f 4; exec "$0" "$1" "$2" new';
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, child, directory], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/FileWriteError: Cannot write .*calibration\.journal\.safetensors: .*\(EFBIG\)/);
    expect(await readdir(directory)).toEqual([JOURNAL_FILE]);
    const { resumedSteps } = await run(directory, { resume: true });
    expect(resumedSteps).toBeGreaterThan(0);
    expect(await bytesOf(directory)).toEqual(await bytesOf(path.join(root, 'a', 'whole')));
  });

  it('takes finished steps over without measuring them again', async () => {
    const directory = path.join(root, 'cancelled');
    await expect(run(directory, stopAt(10))).rejects.toThrow();
    const pipeline = fakePipeline();
    const { resumedSteps } = await calibrate(pipeline, request, { directory, resume: true });
    expect(resumedSteps).toBe(10);
    expect(pipeline.counts.measured).toBe((24 - 10) * 2);
    expect(await bytesOf(directory)).toEqual(await bytesOf(path.join(root, 'a', 'whole')));
  });

  it('resumed when it had finished, gives the same again without running the model', async () => {
    const directory = path.join(root, 'finished');
    const first = await run(directory);
    const pipeline = fakePipeline();
    const again = await calibrate(pipeline, request, { directory, resume: true });
    expect(again.scheme).toEqual(first.scheme);
    expect(again.table).toEqual(first.table);
    expect(pipeline.counts).toMatchObject({ measured: 0, attended: 0 });
    expect((await readdir(directory)).sort()).toEqual(RESULTS);
  });

  it('resumed in an empty folder, starts', async () => {
    const directory = path.join(root, 'empty');
    expect((await run(directory, { resume: true })).resumedSteps).toBe(0);
  });

  it('does not overwrite another calibration, finished or not', async () => {
    const directory = path.join(root, 'taken');
    await expect(run(directory, stopAt(3))).rejects.toThrow();
    await expect(run(directory)).rejects.toThrow(/unfinished calibration.*[Rr]esume/);
    await run(directory, { resume: true });
    const before = await bytesOf(directory);
    await expect(run(directory)).rejects.toThrow(/already holds a calibration/);
    expect(await bytesOf(directory)).toEqual(before);
  });

  it('resumes only under the same settings, and names the one that differs', async () => {
    const directory = path.join(root, 'settings');
    await expect(run(directory, stopAt(3))).rejects.toThrow();
    await expect(run(directory, { resume: true }, { delta: 0.1 })).rejects.toThrow(/search\.delta was 0\.05, now 0\.1/);
    const other = calibrate(fakePipeline({ fingerprint: 'sha256:other' }), request, { directory, resume: true });
    await expect(other).rejects.toThrow(/model\.fingerprint/);
    await run(directory, { resume: true });
    await expect(run(directory, { resume: true }, { seeds: [2] })).rejects.toThrow(
      /search\.seeds was \[1\], now \[2\]/,
    );
  });

  it('keeps timings, so that a resumed search chooses from the same savings', async () => {
    const directory = path.join(root, 'measured');
    const changes = { cost: { source: 'measured' } };
    await expect(run(directory, stopAt(5), changes)).rejects.toThrow();
    const timings = await readFile(path.join(directory, 'measured-savings.json'), 'utf8');
    const { scheme } = await run(directory, { resume: true }, changes);
    expect(await readFile(path.join(directory, 'measured-savings.json'), 'utf8')).toBe(timings);
    const { layers } = JSON.parse(timings) as { layers: Record<string, number>[] };
    const saving = scheme.plan
      .flatMap((step) => step.flatMap((heads, layer) => heads.map((m) => layers[layer]![scheme.methods[m]!]!)))
      .reduce((sum, value) => sum + value, 0);
    expect(scheme.stats.saving).toBeCloseTo(saving, 12);
  });

  it('refuses a damaged journal by name, and says what to do', async () => {
    const directory = path.join(root, 'damaged');
    await expect(run(directory, stopAt(3))).rejects.toThrow();
    const file = path.join(directory, JOURNAL_FILE);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 3));
    const refused = {
      name: 'CalibrationFileError',
      file,
      message: expect.stringMatching(/damaged.*Delete it to start/),
    };
    await expect(run(directory, { resume: true })).rejects.toMatchObject(refused);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(file, bytes);
    await expect(run(directory, { resume: true })).rejects.toMatchObject(refused);
  });

  it('refuses damaged timings', async () => {
    const directory = path.join(root, 'damaged-timings');
    const changes = { cost: { source: 'measured' } };
    await expect(run(directory, stopAt(3), changes)).rejects.toThrow();
    const file = path.join(directory, 'measured-savings.json');
    const timings = JSON.parse(await readFile(file, 'utf8'));
    timings.layers[0].cached += 1e-6;
    await writeFile(file, JSON.stringify(timings));
    await expect(run(directory, { resume: true }, changes)).rejects.toMatchObject({
      ...{ name: 'CalibrationFileError', file },
    });
  });

  it('knows before any work that it cannot write to the folder', async () => {
    await writeFile(path.join(root, 'a-file'), '');
    const pipeline = fakePipeline();
    const inFile = calibrate(pipeline, request, { directory: path.join(root, 'a-file', 'run') });
    await expect(inFile).rejects.toThrow(FileWriteError);
    const blocked = path.join(root, 'blocked');
    await mkdir(path.join(blocked, 'rse.safetensors'), { recursive: true });
    await expect(calibrate(pipeline, request, { directory: blocked })).rejects.toThrow(/already holds/);
    expect(pipeline.counts.attended).toBe(0);
  });
});
