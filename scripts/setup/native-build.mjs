import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { findBuildTools } from './build-tools.mjs';
import { run } from './run.mjs';
import { SetupError } from './setup-error.mjs';

const ADDON = 'arrowhead_kernels.node';
const TEST_SOURCE = path.join('test', 'native-kernels', 'sanitized.cpp');

/** The addon was built here, from these sources, for this processor. */
export function isAddonCurrent(root) {
  const { binary, stamp } = addonPlaces(root);
  return existsSync(binary) && read(stamp) === fingerprint(root);
}

export async function buildAddon(root, say) {
  const { release, binary, stamp } = addonPlaces(root);
  // Taken first: a source that changes while the compiler runs makes the next start build again.
  const built = fingerprint(root);
  const tools = await findBuildTools();
  say(
    `building the native kernels (CMake ${tools.cmakeVersion}, ${tools.compiler}, ${tools.generator}); under a minute`,
  );
  const folder = path.join(root, 'native-kernels', 'build', 'cmake-release');
  await cmakeBuild(root, folder, tools, [
    `-DNODE_API_HEADERS=${path.join(root, 'node_modules', 'node-api-headers', 'include')}`,
    `-DNODE_ADDON_API=${path.join(root, 'node_modules', 'node-addon-api')}`,
  ]);
  // A process that has the old binary loaded keeps it; one that loads now sees the old or the new one, whole.
  mkdirSync(release, { recursive: true });
  const temporary = `${binary}.${process.pid}`;
  copyFileSync(path.join(folder, ADDON), temporary);
  rmSync(stamp, { force: true });
  renameSync(temporary, binary);
  writeFileSync(stamp, built);
  say('native kernels are built');
}

/** The kernels under the address and undefined-behaviour sanitisers, against brute-force references in C++. */
export async function testSanitized(root, say) {
  const tools = await findBuildTools();
  say('building and running the sanitised kernel test');
  const folder = path.join(root, 'native-kernels', 'build', 'cmake-sanitize');
  await cmakeBuild(root, folder, tools, [
    '-DARROWHEAD_SANITIZE=ON',
    `-DARROWHEAD_TEST_SOURCE=${path.join(root, TEST_SOURCE)}`,
  ]);
  const test = path.join(folder, process.platform === 'win32' ? 'kernels_test.exe' : 'kernels_test');
  const { code } = await run([test], { cwd: root, show: true });
  if (code !== 0) throw new SetupError(`the sanitised kernel test failed (exit code ${code})`);
}

async function cmakeBuild(root, folder, tools, definitions) {
  const source = path.join(root, 'native-kernels');
  const configure = [
    'cmake',
    '-S',
    source,
    '-B',
    folder,
    '-G',
    tools.generator,
    `-DCMAKE_CXX_COMPILER=${tools.compiler}`,
    ...definitions,
  ];
  const build = ['cmake', '--build', folder, '--parallel', String(availableParallelism())];
  // What CMake remembers of another path, generator or compiler would fail or, worse, be believed.
  const remembered = path.join(folder, 'configured-with.json');
  const settings = JSON.stringify({ configure, cmake: tools.cmakeVersion });
  const startsClean = read(remembered) !== settings;
  if (startsClean) rmSync(folder, { recursive: true, force: true });

  let result = await attempt();
  if (result.code !== 0 && !startsClean) {
    // The folder may have been left half-written by a build that was killed.
    rmSync(folder, { recursive: true, force: true });
    result = await attempt();
  }
  if (result.code !== 0)
    throw new SetupError(`building the native kernels failed (exit code ${result.code}):\n${result.output}`);

  async function attempt() {
    const configured = await run(configure);
    if (configured.code !== 0) return configured;
    writeFileSync(remembered, settings);
    return run(build);
  }
}

/** A hash of everything that the binary comes from. */
function fingerprint(root) {
  const hash = createHash('sha256');
  hash.update(
    JSON.stringify([
      root,
      process.platform,
      process.arch,
      versionOf(root, 'node-addon-api'),
      versionOf(root, 'node-api-headers'),
    ]),
  );
  const kernels = path.join(root, 'native-kernels');
  const sources = readdirSync(path.join(kernels, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  for (const file of [path.join(kernels, 'CMakeLists.txt'), ...sources.sort()]) {
    hash.update(`\0${path.relative(kernels, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function versionOf(root, name) {
  const manifest = read(path.join(root, 'node_modules', name, 'package.json'));
  return manifest === undefined ? null : JSON.parse(manifest).version;
}

function addonPlaces(root) {
  const release = path.join(root, 'native-kernels', 'build', 'release');
  return { release, binary: path.join(release, ADDON), stamp: path.join(release, 'sources.sha256') };
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
