import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Browser, chromium, type Page } from 'playwright-core';

const START_MS = 60_000;

export interface DesktopWindow {
  readonly page: Page;
  /** Closes the window and waits for the program's end. */
  quit(): Promise<void>;
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Starts a program that is a Chromium (Electron in a clone, the packaged app, a browser) and takes hold of its window by
 * Chromium's own protocol: the packaged app's fuses refuse Node's inspector, by which Playwright starts Electron.
 */
export async function startProgram({ file, args, env = process.env }: Program): Promise<DesktopWindow> {
  const child = spawn(file, ['--remote-debugging-port=0', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const browser = await chromium.connectOverCDP(await endpointOf(child));
  const [context] = browser.contexts();
  const page = context!.pages()[0] ?? (await context!.waitForEvent('page', { timeout: START_MS }));
  return { page, quit: () => quit(child, browser, page) };
}

/** Throws with what the program wrote where it ends before it has a window. */
async function endpointOf(child: ChildProcess): Promise<string> {
  let written = '';
  const endpoint = Promise.withResolvers<string>();
  const fail = (why: string) => endpoint.reject(new Error(`The program ${why}:\n${written}`));
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    fail(`opened no port within ${START_MS / 1000} s`);
  }, START_MS);
  child.stderr!.on('data', (data) => {
    written += data;
    const found = /DevTools listening on (ws:\S+)/.exec(written);
    if (found) endpoint.resolve(found[1]!);
  });
  child.once('error', (error) => fail(`did not start (${error.message})`));
  child.once('exit', (code, signal) => fail(`ended (${signal ?? code})`));
  return endpoint.promise.finally(() => clearTimeout(timer));
}

async function quit(child: ChildProcess, browser: Browser, page: Page): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
  // On Windows a signal would kill it; elsewhere apps live on without windows, and SIGTERM is an ordinary quit.
  if (process.platform === 'win32') await page.close();
  else child.kill('SIGTERM');
  await ended;
  await browser.close();
}
