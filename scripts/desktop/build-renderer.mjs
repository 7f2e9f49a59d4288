import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packagedNode } from '../setup/packages.mjs';
import { run } from '../setup/run.mjs';

const SOURCES = [
  'renderer',
  path.join('electron', 'contract'),
  path.join('electron', 'contract.ts'),
  'package-lock.json',
];

/** Builds dist/renderer unless it is there, from these very sources. */
export async function ensureRenderer(root, say) {
  const stamp = path.join(root, 'dist', 'renderer.stamp');
  const wanted = fingerprint(root);
  const built = path.join(root, 'dist', 'renderer', 'index.html');
  if (existsSync(built) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('building the window; a few seconds');
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const { code, output } = await run([packagedNode(root), vite, 'build', 'renderer', '--logLevel', 'warn'], {
    cwd: root,
  });
  if (code !== 0) throw new Error(`Building the window failed:\n${output}`);
  writeFileSync(stamp, wanted);
}

function fingerprint(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) addTo(hash, root, source);
  return hash.digest('hex');
}

function addTo(hash, root, place) {
  const full = path.join(root, place);
  if (!existsSync(full)) return;
  const files = statSync(full).isFile()
    ? [full]
    : readdirSync(full, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(path.relative(root, file)).update('\0').update(readFileSync(file));
}
