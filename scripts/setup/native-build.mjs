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

const TEST_SOURCE = path.join('test', 'native-kernels', 'sanitized.cpp');
const CUDA_FOLDERS = [path.join('src', 'cuda'), path.join('src', 'binding', 'cuda')];

/** What is built of native-kernels/: for the processor everywhere, for NVIDIA cards where they can be used. */
export const CPU_ADDON = {
  file: 'arrowhead_kernels.node',
  folder: 'cmake-release',
  stamp: 'sources.sha256',
  what: 'the native kernels',
  time: 'under a minute',
  isSource: (file) => !CUDA_FOLDERS.some((folder) => file.startsWith(folder)),
};
export const CUDA_ADDON = {
  file: 'arrowhead_cuda.node',
  folder: 'cmake-cuda',
  stamp: 'cuda-sources.sha256',
  what: 'the CUDA kernels',
  time: 'one to three minutes',
  isSource: () => true,
};

/** The addon was built here, from these sources, for this processor. */
export function isAddonCurrent(root, addon) {
  const { binary, stamp } = addonPlaces(root, addon);
  return existsSync(binary) && read(stamp) === fingerprint(root, addon);
}

/** `nvcc`: its path, for the CUDA addon. */
export async function buildAddon(root, addon, say, { nvcc } = {}) {
  const { release, binary, stamp } = addonPlaces(root, addon);
  // Taken first: a source that changes while the compiler runs makes the next start build again.
  const built = fingerprint(root, addon);
  const tools = await findBuildTools();
  const by = [`CMake ${tools.cmakeVersion}`, tools.compiler, ...(nvcc ? [nvcc] : []), tools.generator].join(', ');
  say(`building ${addon.what} (${by}); ${addon.time}`);
  const folder = path.join(root, 'native-kernels', 'build', addon.folder);
  await cmakeBuild(root, folder, tools, [
    `-DNODE_API_HEADERS=${path.join(root, 'node_modules', 'node-api-headers', 'include')}`,
    `-DNODE_ADDON_API=${path.join(root, 'node_modules', 'node-addon-api')}`,
    ...(nvcc
      ? [
          '-DARROWHEAD_CUDA=ON',
          `-DCMAKE_CUDA_COMPILER=${nvcc}`,
          `-DARROWHEAD_CUDA_HARNESS=${path.join(root, 'test', 'cuda', 'harness.cpp')}`,
        ]
      : []),
  ]);
  // A process that has the old binary loaded keeps it; one that loads now sees the old or the new one, whole.
  mkdirSync(release, { recursive: true });
  const temporary = `${binary}.${process.pid}`;
  copyFileSync(path.join(folder, addon.file), temporary);
  rmSync(stamp, { force: true });
  renameSync(temporary, binary);
  writeFileSync(stamp, built);
  say(`${addon.what} are built`);
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
function fingerprint(root, addon) {
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
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => addon.isSource(path.relative(kernels, file)));
  for (const file of [path.join(kernels, 'CMakeLists.txt'), ...sources.sort()]) {
    hash.update(`\0${path.relative(kernels, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function versionOf(root, name) {
  const manifest = read(path.join(root, 'node_modules', name, 'package.json'));
  return manifest === undefined ? null : JSON.parse(manifest).version;
}

function addonPlaces(root, addon) {
  const release = path.join(root, 'native-kernels', 'build', 'release');
  return { release, binary: path.join(release, addon.file), stamp: path.join(release, addon.stamp) };
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
