import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorkbench } from '../../../electron/host/workbench-host.ts';
import { runToEnd, SMALL, smallCalibration } from './jobs-of-host.ts';

let library: string;
beforeAll(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'arrowhead-killed-'));
});
afterAll(() => rm(library, { recursive: true, force: true }));

const WISH = smallCalibration({ sampling: { ...SMALL, steps: 16 }, evaluate: [{ prompt: 'a blue cube', seed: 3 }] });

/** A host in a process of its own that calibrates, killed as soon as its progress passes `killAt`. */
function killHost(killAt: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, ['test/electron/host/host-child.ts', library, JSON.stringify(WISH)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.on('data', (text) => {
    if (Number(String(text).trim().split('\n').at(-1)) >= killAt) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
}

it('a killed host leaves a run that another host resumes, with the bytes of one that ran through', async () => {
  expect(await killHost(0.35)).toBe('SIGKILL');
  const host = await createWorkbench({ library });
  try {
    const { runs } = await host.request('runs.list', {});
    expect(runs).toMatchObject([{ status: 'interrupted', resumable: true, kind: 'calibration' }]);
    const resumed = await runToEnd(host, { kind: 'resume', run: runs[0]!.id });
    expect(resumed).toMatchObject({ status: 'finished', error: null });
    const whole = await runToEnd(host, WISH);
    for (const file of ['rse.safetensors', 'scheme.scheme.json', 'original.png', 'compressed.png']) {
      const [a, b] = [whole, resumed].map(({ run }) => path.join(library, run!, file));
      expect(await readFile(b!), file).toEqual(await readFile(a!));
    }
  } finally {
    await host.close();
  }
});
