import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../setup/run.mjs';

/** Long enough for some 120 MB on a slow line, short enough to be waited for. */
const FETCH_LIMIT_MS = 180_000;

/** Where Electron's binary is; null where it is not installed. */
export function findElectron(root, env = process.env) {
  const folder = path.join(root, 'node_modules', 'electron');
  const pathFile = path.join(folder, 'path.txt');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : 'electron';
  const binary = path.join(env.ELECTRON_OVERRIDE_DIST_PATH ?? path.join(folder, 'dist'), name);
  return existsSync(binary) ? binary : null;
}

/** Fetches the binary through Electron's own installer. Returns why it could not be had; null where it is there now. */
export async function fetchElectron(root) {
  const installer = path.join(root, 'node_modules', 'electron', 'install.js');
  const limit = new Promise((resolve) => setTimeout(resolve, FETCH_LIMIT_MS, null).unref());
  const result = await Promise.race([run([process.execPath, installer], { cwd: root }), limit]);
  if (result === null) return `it did not come within ${FETCH_LIMIT_MS / 1000} s`;
  return result.code === 0 ? null : reasonOf(result.output);
}

function reasonOf(output) {
  const line = output.split('\n').find((text) => /error|ENOTFOUND|ECONN|HTTP/i.test(text));
  return line?.trim() ?? 'its installer failed';
}
