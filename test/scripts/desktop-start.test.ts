import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { explainExit } from '../../scripts/desktop/explain-exit.mjs';

describe('what npm start says when Electron ends by itself', () => {
  it.each([
    [
      'FATAL:setuid_sandbox_host.cc(158)] The SUID sandbox helper binary was found, but is not',
      'chmod 4755 /e/chrome-',
    ],
    [
      'FATAL:zygote_host_impl_linux.cc(128)] No usable sandbox! If you are running on Ubuntu 23.10+',
      'apparmor_restrict',
    ],
    ['ERROR:zygote_host_impl_linux.cc(101)] Running as root without --no-sandbox is not supported', 'ordinary user'],
    ["FATAL:gpu_data_manager_impl_private.cc(415)] GPU process isn't usable. Goodbye.", '--disable-gpu'],
    ['ERROR:ozone_platform_x11.cc(245)] Missing X server or $DISPLAY', 'ARROWHEAD_NO_ELECTRON=1'],
    ['electron: error while loading shared libraries: libnss3.so: cannot open shared object file', 'needs libnss3.so'],
  ])('%s', (said, advice) => {
    expect(explainExit(`[1:1]\n${said}\n`, '/e').join('\n')).toContain(advice);
  });

  it('is nothing where the reason is not known, and never to go without a sandbox', () => {
    expect(explainExit('TypeError: x is not a function', '/e')).toEqual([]);
    expect(explainExit('No usable sandbox!', '/e').join('\n')).not.toContain('--no-sandbox');
  });
});

describe.runIf(process.platform === 'linux')('the launcher of packages for Linux', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead launcher-'));
    await mkdir(path.join(folder, 'tools'));
    await copyFile('scripts/desktop/linux-launcher.sh', path.join(folder, 'arrowhead'));
    await script('tools/zenity', 'echo "$@" > "$(dirname "$0")/shown"');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function script(name: string, text: string): Promise<void> {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\n${text}\n`);
    await chmod(file, 0o755);
  }
  const env = (more: object = {}) => ({ PATH: `${folder}/tools:${process.env.PATH}`, ...more });
  const launch = (words: string[], more = {}) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      execFile(path.join(folder, 'arrowhead'), words, { env: env(more) }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });

  it('hands its words on, but for a --no-sandbox that nobody asked for', async () => {
    await script('arrowhead-bin', 'printf "%s\\n" "$@"; exit 3');
    const words = ['--no-sandbox', 'a b.scheme.json', '--x=1', ''];
    expect(await launch(words)).toEqual({ code: 3, stdout: 'a b.scheme.json\n--x=1\n\n', stderr: '' });
    expect((await launch(words, { ARROWHEAD_NO_SANDBOX: '1' })).stdout).toBe(
      '--no-sandbox\na b.scheme.json\n--x=1\n\n',
    );
  });

  it('says what to do where the app ends because it can make no sandbox', async () => {
    await script('arrowhead-bin', 'kill -TRAP $$');
    await script('tools/unshare', 'exit 1');
    const { code, stderr } = await launch([]);
    expect(code).toBe(133);
    expect(stderr).toContain(`chmod 4755 '${folder}/chrome-sandbox'`);
    expect(await readFile(path.join(folder, 'tools', 'shown'), 'utf8')).toContain('.deb');
  });

  it('says nothing of it where there is a sandbox', async () => {
    await script('arrowhead-bin', 'kill -TRAP $$');
    await script('tools/unshare', 'exit 0');
    const { code, stderr } = await launch([]);
    expect(code).toBe(133);
    expect(stderr).not.toContain('chmod');
  });

  it('ends with the app, which hears that it should', async () => {
    await script('arrowhead-bin', 'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done');
    const child = spawn(path.join(folder, 'arrowhead'), { env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([7, null]);
  });
});
