#!/usr/bin/env node
// Plain JavaScript, for any Node from 20 on: the program is TypeScript, which Node runs by itself from 23.6 on.
// An older one hands over to the Node that npm installed beside us.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = new URL('main.ts', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 23 || (major === 23 && minor >= 6)) {
  await import(main.href).catch(explain);
} else {
  const node = installedNode();
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`cannot run ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
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
