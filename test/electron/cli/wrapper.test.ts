import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { promisify } from 'node:util';
import { type CliProcess, startLauncher, startUnderNpm } from './run-arrowhead.ts';

const MODEL = fileURLToPath(new URL('../../golden/pipeline/flux-pipeline-tiny', import.meta.url));
/** More steps than this test has patience for: only the kill ends it. */
const STEPS = 1_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-wrapper-'));
});
afterAll(() => rm(folder, { recursive: true }));

const calibrate = (run: string): string[] => [
  ...['calibrate', '--model', MODEL, '--prompt', 'a red ring', '--size', '96x96', '--steps', String(STEPS)],
  ...['--out', path.join(folder, run)],
];

/** Kills the started process alone. Its pipes close when whatever it started has ended too. */
async function killWhileCalibrating({ child, result, said }: CliProcess): Promise<string> {
  await said('step 1 of');
  child.kill('SIGKILL');
  return (await result).stderr;
}

describe.concurrent('a killed wrapper takes the computation with it', () => {
  it('when an old Node started the newer one', async () => {
    const stderr = await killWhileCalibrating(startLauncher({ oldNode: true }, ...calibrate('old-node')));
    expect(stderr).toMatch(new RegExp(`Cancelled: \\d+ of ${STEPS} steps`));
  });

  // Windows tells no process that its parent is gone.
  it.runIf(process.platform !== 'win32').each([true, false])(
    'when npm was killed, which passes no SIGKILL on (old Node: %s)',
    async (oldNode) => {
      const stderr = await killWhileCalibrating(startUnderNpm({ oldNode }, ...calibrate(`npm-${oldNode}`)));
      expect(stderr).toMatch(new RegExp(`Cancelled: \\d+ of ${STEPS} steps`));
    },
  );
});

it('an old Node hands on the exit code of the newer one', async () => {
  expect((await startLauncher({ oldNode: true }, 'compare').result).code).toBe(2);
});

it('npm says nothing of its own before a command', async () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const words = ['run', '--silent', 'arrowhead', '--', '--version'];
  const options = { cwd: root, shell: process.platform === 'win32' };
  const { stdout, stderr } = await promisify(execFile)('npm', words, options);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  // The user's own configuration is the user's.
  expect(stderr).not.toMatch(/project config|package\.json/);
});

it.each([
  [{ npm_command: 'exec' }, 'npx arrowhead'],
  [{ npm_command: 'run-script', npm_package_name: 'arrowhead' }, 'npm run arrowhead --'],
  [{ npm_command: '', npm_package_name: '' }, 'node electron/cli/bin.mjs'],
])('help names the command as it was called: %o', async (env, name) => {
  const cwd = fileURLToPath(new URL('../../..', import.meta.url));
  const options = { cwd, env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, ['electron/cli/bin.mjs', 'cache', '--help'], options);
  expect(stdout).toContain(`Usage: ${name} cache [`);
});
