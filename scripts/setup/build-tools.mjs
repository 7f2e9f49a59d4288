import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from './run.mjs';
import { SetupError } from './setup-error.mjs';

const LEAST_CMAKE = [3, 20];

const HOW_TO_GET = {
  cmake: { linux: 'apt install cmake', darwin: 'brew install cmake', win32: 'winget install Kitware.CMake' },
  compiler: { linux: 'apt install g++', darwin: 'xcode-select --install', win32: 'winget install LLVM.LLVM' },
  make: { linux: 'apt install make', darwin: 'brew install ninja', win32: 'winget install Ninja-build.Ninja' },
};

/** What the native build runs on. @returns {Promise<{ generator: string, compiler: string, cmakeVersion: string }>} */
export async function findBuildTools() {
  const cmakeVersion = await findCmake();
  return { cmakeVersion, compiler: await findCompiler(), generator: await findGenerator() };
}

async function findCmake() {
  const { code, output } = await run(['cmake', '--version']);
  const [, version, major, minor] = /version ((\d+)\.(\d+)\S*)/.exec(output) ?? [];
  if (code !== 0 || version === undefined) throw missing('CMake 3.20 or newer', 'cmake');
  const [leastMajor, leastMinor] = LEAST_CMAKE;
  if (Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor)) {
    throw missing(`CMake ${LEAST_CMAKE.join('.')} or newer (found ${version})`, 'cmake');
  }
  return version;
}

async function findCompiler() {
  const candidates = process.env.CXX
    ? [process.env.CXX]
    : process.platform === 'win32'
      ? ['clang++']
      : ['c++', 'g++', 'clang++'];
  const folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-setup-'));
  const source = path.join(folder, 'probe.cpp');
  writeFileSync(
    source,
    '#include <concepts>\n#include <vector>\ntemplate <std::integral T> T f(T x) { return x; }\nint main() { return f(0); }\n',
  );
  try {
    const found = [];
    for (const compiler of candidates) {
      const probe = await run([compiler, '-std=c++20', '-fsyntax-only', source]);
      if (probe.code === 0) return compiler;
      if (!probe.missing) found.push(compiler);
    }
    const problem = found.length > 0 ? ` (${found.join(', ')} can't compile C++20)` : '';
    throw missing(`a C++20 compiler: GCC 11, Clang 14 or newer${problem}`, 'compiler');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function findGenerator() {
  if ((await run(['ninja', '--version'])).code === 0) return 'Ninja';
  if (process.platform !== 'win32' && (await run(['make', '--version'])).code === 0) return 'Unix Makefiles';
  throw missing('make or ninja', 'make');
}

function missing(what, tool) {
  const how = HOW_TO_GET[tool];
  const here = how[process.platform] ?? how.linux;
  const elsewhere = Object.values(how).filter((command) => command !== here);
  return new SetupError(
    `building the native kernels needs ${what}, which is not there.\n` +
      `Get it with:  ${here}\n(on other systems: ${elsewhere.join('; ')}), then run this again.`,
  );
}
