#!/usr/bin/env node
// Plain JavaScript, for any Node from 20 on. The program is TypeScript, which Node runs by itself from 23.6 on; an older
// one starts the Node that npm installed here and waits for it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const NPM_CHECK_MS = 250;

// Hints and help name the command as it can be typed here; main.ts does not see how it was called.
process.env.ARROWHEAD_COMMAND = commandName();

const main = new URL('main.ts', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);
const runsTypeScript = (major > 23 || (major === 23 && minor >= 6)) && process.features.typescript;

if (runsTypeScript) {
  // main.ts ends when its channel to a parent closes: here there is none, and the event stands for it.
  whenNpmDies(() => process.emit('disconnect'));
  await import(main.href).catch(explain);
} else {
  const node = installedNode();
  // The channel carries nothing. It closes when this process ends in whatever way, SIGKILL included, and main.ts ends
  // with it: a script that kills what it started must not leave a computation behind.
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  whenNpmDies(() => child.connected && child.disconnect());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** `arrowhead` where that is on the PATH, `npx arrowhead`, `npm run arrowhead --`, or `node …/bin.mjs`. */
function commandName() {
  const { npm_command: command, npm_package_name: name, PATH = '' } = process.env;
  if (command === 'exec') return 'npx arrowhead';
  if (name === 'arrowhead') return 'npm run arrowhead --';
  const script = process.argv[1] ?? fileURLToPath(import.meta.url);
  if (basename(script) === 'arrowhead')
    return PATH.split(delimiter).includes(dirname(script)) ? 'arrowhead' : quoted(script);
  const fromHere = relative(process.cwd(), script);
  return `node ${quoted(fromHere.startsWith('..') ? script : fromHere)}`;
}

function quoted(word) {
  return /^[\w./\\:+-]+$/.test(word) ? word : JSON.stringify(word);
}

/**
 * npx and npm run pass SIGTERM on, but not SIGKILL: then this process, or the shell that npm puts before it, gets another
 * parent. Only npm's death counts, since a shell may end and leave a command running on purpose (nohup).
 */
function whenNpmDies(end) {
  const { npm_command: command, npm_lifecycle_event: event } = process.env;
  if (!(command === 'exec' && event === 'npx') && event !== 'arrowhead') return;
  const shell = isShell(process.ppid) ? process.ppid : null;
  const parents = () => `${process.ppid} ${shell === null ? '' : parentOf(shell)}`;
  const atStart = parents();
  const timer = setInterval(() => {
    if (parents() === atStart) return;
    clearInterval(timer);
    end();
  }, NPM_CHECK_MS);
  timer.unref();
}

/** Linux alone says so; the shells of other systems replace themselves by a single command. */
function isShell(pid) {
  return /^(sh|dash|bash)$/.test(readProc(pid, 'comm').trim());
}

function parentOf(pid) {
  // pid (name) state parent …, and a name may hold spaces and brackets.
  return readProc(pid, 'stat').split(') ').at(-1).split(' ')[1];
}

function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function installedNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    return join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  } catch {
    return fail(`Node ${process.versions.node} is too old by itself and the dependencies are not installed`);
  }
}

function explain(error) {
  if (error.code === 'ERR_MODULE_NOT_FOUND') fail(`a part is missing (${error.message.split('\n')[0]})`);
  throw error;
}

function fail(message) {
  process.stderr.write(`error: ${message}. Run "node scripts/setup.mjs" in Arrowhead's folder once.\n`);
  process.exit(1);
}
