import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';
import { SetupError } from './setup-error.mjs';

/** node_modules holds what package-lock.json asks for: npm keeps a lock of its own inside, and the two are compared. */
export function arePackagesCurrent(root) {
  const wanted = packagesOf(path.join(root, 'package-lock.json'));
  if (!wanted)
    throw new SetupError('package-lock.json is missing or broken; restore it with: git checkout package-lock.json');
  const installed = packagesOf(path.join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const same = (name) =>
    installed[name]?.version === wanted[name].version &&
    installed[name]?.integrity === wanted[name].integrity &&
    existsSync(path.join(root, name, 'package.json'));
  const missing = Object.keys(wanted).some(
    (name) => name !== '' && !same(name) && !isForElsewhere(wanted[name], installed[name]),
  );
  return !missing && existsSync(packagedNode(root));
}

export async function installPackages(root, say) {
  say('installing packages (npm ci); the first time takes a minute');
  // npm tells its children where it lives; without npm around this one, the one on the PATH.
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  const command =
    npm && node && existsSync(npm) && existsSync(node)
      ? [node, npm, 'ci', '--no-audit', '--no-fund']
      : [process.platform === 'win32' ? 'npm.cmd' : 'npm', 'ci', '--no-audit', '--no-fund'];
  // ONNX Runtime's install script would download its CUDA provider. npm 11 skips the script (allowScripts in
  // package.json); an older one runs it, and the script reads this variable. Set in .npmrc, npm would warn at every command.
  const env = { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env };
  const { code, output, missing } = await run(command, { cwd: root, env });
  if (missing)
    throw new SetupError(
      'npm is not on the PATH; it comes with Node (https://nodejs.org/), on Debian: apt install npm',
    );
  if (code !== 0) throw new SetupError(`npm ci failed (exit code ${code}):\n${output}`);
  if (!arePackagesCurrent(root)) {
    throw new SetupError(
      'npm ci ended well, but node_modules does not hold what package-lock.json asks for.\n' +
        'Were install scripts switched off (npm config get ignore-scripts)? The "node" package needs its own.',
    );
  }
}

/** Node 24, as a package: what is newer than the user's own Node may need. */
export function packagedNode(root) {
  return path.join(root, 'node_modules', 'node', 'bin', nodeFile());
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Optional packages are for other processors and systems; npm leaves those out. */
function isForElsewhere(wanted, installed) {
  return installed === undefined && wanted.optional === true;
}

function nodeFile() {
  return process.platform === 'win32' ? 'node.exe' : 'node';
}
