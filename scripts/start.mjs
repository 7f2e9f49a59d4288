// npm start: makes a clone ready and opens the workbench, in Electron where its binary is or can be fetched and a
// screen is there, else in the browser. Plain JavaScript, for a bare Node 20.
//   ARROWHEAD_NO_ELECTRON=1   opens the browser in any case
//   ARROWHEAD_START_CHECK=1   for machines without anybody: starts the server, asks it for the window and ends
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
/** Of what Electron wrote, in characters. */
const LAST_OUTPUT = 16_384;
const say = (line) => process.stderr.write(`start: ${line}\n`);

const setup = await ended(spawn(process.execPath, [path.join(ROOT, 'scripts', 'setup.mjs')], { stdio: 'inherit' }));
if (setup !== 0) process.exit(setup);

const { ensureRenderer } = await import('./desktop/build-renderer.mjs');
try {
  await ensureRenderer(ROOT, say);
  if (process.env.ARROWHEAD_START_CHECK) await (await import('./desktop/check-start.mjs')).checkStart(ROOT, say);
  else process.exitCode = await open();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function open() {
  const why = await whyNoElectron();
  if (why === null) {
    const { findElectron } = await import('./desktop/electron-binary.mjs');
    const { stageDesktop } = await import('./desktop/build-desktop.mjs');
    const app = await stageDesktop(ROOT);
    return openElectron(findElectron(ROOT), [app, ...process.argv.slice(2)]);
  }
  say(`the workbench opens in the browser: ${why}`);
  const cli = path.join(ROOT, 'electron', 'cli', 'bin.mjs');
  return ended(spawn(process.execPath, [cli, 'serve', '--open', ...process.argv.slice(2)], { stdio: 'inherit' }));
}

/** Chromium ends by itself where it can make no sandbox or finds no screen: what it says then is for its developers. */
async function openElectron(binary, words) {
  const child = spawn(binary, words, { stdio: ['inherit', 'inherit', 'pipe'] });
  let last = '';
  child.stderr.on('data', (data) => {
    process.stderr.write(data);
    last = (last + data).slice(-LAST_OUTPUT);
  });
  const code = await ended(child);
  const { explainExit } = await import('./desktop/explain-exit.mjs');
  if (code !== 0) for (const line of explainExit(last, path.dirname(binary))) say(line);
  return code;
}

/** Why Electron cannot be started here; null where it can. */
async function whyNoElectron() {
  const { env, platform } = process;
  if (env.ARROWHEAD_NO_ELECTRON) return 'ARROWHEAD_NO_ELECTRON is set';
  const hasScreen = platform === 'win32' || platform === 'darwin' || env.DISPLAY || env.WAYLAND_DISPLAY;
  if (!hasScreen) return 'this machine has no screen (DISPLAY is not set)';
  const { fetchElectron, findElectron } = await import('./desktop/electron-binary.mjs');
  if (findElectron(ROOT) !== null) return null;
  say('fetching Electron; once, some 120 MB');
  const problem = await fetchElectron(ROOT);
  if (problem !== null) return `Electron’s binary could not be fetched (${problem})`;
  return findElectron(ROOT) === null ? 'Electron’s binary is not where its installer puts it' : null;
}

function ended(child) {
  // Ctrl-C goes to both; the child decides how it ends.
  process.on('SIGINT', () => {});
  return new Promise((resolve) => {
    child.on('error', (error) => {
      say(error.message);
      resolve(1);
    });
    child.on('exit', (code, signal) => resolve(signal === 'SIGINT' ? 130 : (code ?? 1)));
  });
}
