import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openLogin } from '../../../electron/cli/open-login.ts';
import { Terminal } from '../../../electron/cli/terminal.ts';
import { escapeHtml } from '../../../electron/report/html.ts';

describe('a terminal', () => {
  const hostile = 'Flux\u001b]0;title\u0007\u001b[2J\u009b31m\u0000\r\u202eelif\u2066\u2028';

  it('shows escape sequences of files instead of obeying them', () => {
    const [out, err] = [new PassThrough(), new PassThrough()] as unknown as [NodeJS.WriteStream, NodeJS.WriteStream];
    const terminal = new Terminal(out, err);
    terminal.print(`${hostile}\n\tand more`);
    terminal.note(hostile);
    for (const stream of [out, err]) {
      const text = String(stream.read());
      expect(text).toMatch(
        /^Flux\\u001b\]0;title\\u0007\\u001b\[2J\\u009b31m\\u0000\\u000d\\u202eelif\\u2066\\u2028\n/,
      );
      expect(text.replace(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }
  });

  it('prints JSON that says the same', () => {
    const out = new PassThrough() as unknown as NodeJS.WriteStream;
    new Terminal(out, out).print(JSON.stringify({ name: hostile }, null, 2));
    expect(JSON.parse(String(out.read()))).toEqual({ name: hostile });
  });

  it('is what the report is like', () => {
    expect(escapeHtml('<\u202e>\n')).toBe('&#60;\\u202e&#62;\n');
  });
});

describe('opening the workbench in the browser', () => {
  it('shows the token to no other process: it is in a page that only this user can read, removed afterwards', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-open-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    // In the place of the system's own: notes its arguments and the page, and says so.
    const browser = path.join(folder, process.platform === 'darwin' ? 'open' : 'xdg-open');
    await writeFile(
      browser,
      `#!/bin/sh\nstat -c %a "$1" > "${folder}/mode"; cp "$1" "${folder}/seen"; echo "$*" > "${folder}/arguments"\n`,
    );
    await chmod(browser, 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const ended = new AbortController();
    const opened = openLogin('http://127.0.0.1:7/#token=SECRET', path.join(folder, 'library'), ended.signal);
    await expect.poll(() => readFile(path.join(folder, 'arguments'), 'utf8').catch(() => '')).not.toBe('');
    const page = path.join(folder, 'library', 'open-workbench.html');
    expect(await readFile(path.join(folder, 'arguments'), 'utf8')).toBe(`${page}\n`);
    expect(await readFile(path.join(folder, 'seen'), 'utf8')).toContain('url=http://127.0.0.1:7/#token=SECRET"');
    expect((await stat(page)).mode & 0o777).toBe(0o600);
    ended.abort();
    await opened;
    expect(await readdir(path.join(folder, 'library'))).toEqual([]);
  });
});
