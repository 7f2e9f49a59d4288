import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const LIMIT_MS = 60_000;

/** Starts the server on a free port with an empty library, asks it for the window as a browser does, and stops it. */
export async function checkStart(root, say) {
  const library = mkdtempSync(path.join(tmpdir(), 'arrowhead-start-'));
  const cli = path.join(root, 'electron', 'cli', 'bin.mjs');
  const child = spawn(process.execPath, [cli, 'serve', '--port', '0', '--library', library, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { url } = JSON.parse(await firstLine(child));
    const page = await fetch(new URL('/', url));
    const text = await page.text();
    const script = /src="([^"]+\.js)"/.exec(text)?.[1];
    const code = script === undefined ? null : await fetch(new URL(script, url));
    if (page.status !== 200 || code?.status !== 200) {
      throw new Error(`The window was not served: page ${page.status}, script ${code?.status ?? 'not in the page'}`);
    }
    say(`the workbench answers at ${new URL(url).origin} and serves its window (${text.length} bytes, ${script})`);
  } finally {
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(library, { recursive: true, force: true });
  }
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`The server said nothing within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
    const settle = (done) => (value) => {
      clearTimeout(timer);
      done(value);
    };
    child.stdout.on('data', (data) => {
      text += data;
      if (text.includes('\n')) settle(resolve)(text);
    });
    child.on('exit', (code) => settle(reject)(new Error(`The server ended with code ${code}`)));
  });
}
