import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const BUILD = path.join(ROOT, 'native-kernels', 'build');

/** The kernels behind a C interface, built beside the addon. */
export function findHarness() {
  const named = process.env.ARROWHEAD_CUDA_HARNESS;
  const places = ['cmake-cuda', 'release'].map((folder) => path.join(BUILD, folder, 'libarrowhead_cuda_harness.so'));
  return named ?? places.find((file) => existsSync(file)) ?? places[0];
}

export function hasPython(modules) {
  return spawnSync('python3', ['-c', `import ${modules}`], { stdio: 'ignore' }).status === 0;
}

/** Runs a command in the repository's root with what it prints on the terminal; true where it succeeded. */
export function runs(title, command, args, env = {}) {
  process.stdout.write(`\n== ${title}\n`);
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  return status === 0;
}
