import { existsSync } from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';
import { SetupError } from './setup-error.mjs';

const LEAST_NVCC = [12, 4];

/**
 * The nvcc to build the CUDA kernels with; null where they are not to be built. By default that is where nvcc and a card
 * are there; ARROWHEAD_CUDA=1 builds without a card (and fails without nvcc), ARROWHEAD_CUDA=0 never.
 */
export async function findCudaCompiler() {
  const { ARROWHEAD_CUDA: wanted, CUDA_HOME, CUDA_PATH } = process.env;
  if (wanted === '0' || (wanted !== '1' && !hasCard())) return null;
  const homes = [CUDA_HOME, CUDA_PATH, '/usr/local/cuda'].filter((home) => home);
  const places = ['nvcc', ...homes.map((home) => path.join(home, 'bin', 'nvcc'))];
  for (const nvcc of places) {
    const { code, output } = await run([nvcc, '--version']);
    const [, version, major, minor] = /release ((\d+)\.(\d+))/.exec(output) ?? [];
    if (code !== 0 || version === undefined) continue;
    const [leastMajor, leastMinor] = LEAST_NVCC;
    const isNew = Number(major) > leastMajor || (Number(major) === leastMajor && Number(minor) >= leastMinor);
    if (isNew) return nvcc;
    if (wanted === '1') throw missing(`${nvcc} is ${version}`);
  }
  if (wanted === '1') throw missing(`none of ${places.join(', ')} is one`);
  return null;
}

function hasCard() {
  return existsSync('/dev/nvidia0') || existsSync('/proc/driver/nvidia/version');
}

function missing(found) {
  return new SetupError(
    `the CUDA kernels need NVIDIA's compiler nvcc ${LEAST_NVCC.join('.')} or newer: ${found}.\n` +
      'Install the CUDA toolkit (https://developer.nvidia.com/cuda-downloads), or unset ARROWHEAD_CUDA.',
  );
}
