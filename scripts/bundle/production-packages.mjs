import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Dependencies that only a package's install script loads. */
const ONLY_TO_INSTALL = { 'onnxruntime-node': ['adm-zip', 'global-agent'] };

/** Folders in node_modules, from the root, that package.json's dependencies need at run time: their own and so on. */
export function productionPackages(root) {
  const found = new Set();
  const waiting = dependenciesOf(root, '').map((name) => ['', name]);
  for (const [from, name] of waiting) {
    const folder = resolve(root, from, name);
    if (folder === null || found.has(folder)) continue;
    found.add(folder);
    waiting.push(...dependenciesOf(root, folder).map((next) => [folder, next]));
  }
  return [...found].sort();
}

function dependenciesOf(root, folder) {
  const { name, dependencies = {}, optionalDependencies = {} } = manifestOf(root, folder);
  const all = Object.keys({ ...dependencies, ...optionalDependencies });
  return all.filter((dependency) => !ONLY_TO_INSTALL[name]?.includes(dependency));
}

/** As Node looks for it, from the package's own node_modules up; null where npm left out what is for other systems. */
function resolve(root, from, name) {
  for (let at = from; ; at = outer(at)) {
    const folder = path.posix.join(at, 'node_modules', name);
    if (existsSync(path.join(root, folder, 'package.json'))) return folder;
    if (at === '') break;
  }
  const { optionalDependencies = {} } = manifestOf(root, from);
  if (name in optionalDependencies) return null;
  throw new Error(`node_modules lacks ${name}, which ${from || 'the program'} needs; run: node scripts/setup.mjs`);
}

/** node_modules/a/node_modules/b → node_modules/a → the root. */
function outer(folder) {
  const end = folder.lastIndexOf('/node_modules/');
  return end < 0 ? '' : folder.slice(0, end);
}

function manifestOf(root, folder) {
  return JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
}
