import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { CudaUnavailableError } from './cuda-addon.ts';

/** The newest first; 12 is what CUDA 12.4 has. */
const NAMES = ['libcublasLt.so.13', 'libcublasLt.so.12'];

/**
 * Where NVIDIA's cuBLASLt may lie: named by the user, in the toolkit, in Python's nvidia packages; last, by name alone,
 * wherever the system's loader looks.
 */
export function cublasCandidates(env: NodeJS.ProcessEnv = process.env): string[] {
  const folders = [
    ...[env.CUDA_HOME, env.CUDA_PATH, '/usr/local/cuda'].flatMap((home) =>
      home ? [path.join(home, 'lib64'), path.join(home, 'targets', 'x86_64-linux', 'lib')] : [],
    ),
    ...pythonFolders(env),
  ];
  const named = env.ARROWHEAD_CUBLASLT ? [env.ARROWHEAD_CUBLASLT] : [];
  const found = NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name))).filter((file) =>
    existsSync(file),
  );
  return [...named, ...found, ...NAMES];
}

/** `open` tries one file and throws where it is no use. Throws CudaUnavailableError that names what was tried. */
export function firstUsableCublas<T>(candidates: readonly string[], open: (file: string) => T): T {
  const problems: string[] = [];
  for (const file of candidates) {
    try {
      return open(file);
    } catch (error) {
      if ((error as { code?: string }).code !== 'CUBLAS_ERROR') throw error;
      problems.push(`${file}: ${(error as Error).message}`);
    }
  }
  throw new CudaUnavailableError(
    `matrix products need NVIDIA's cuBLASLt, and none could be loaded. Install it with "pip install nvidia-cublas" or the CUDA toolkit, or set ARROWHEAD_CUBLASLT to libcublasLt.so.13's path; or choose the processor (--device cpu).\nTried:\n  ${problems.join('\n  ')}`,
  );
}

function pythonFolders(env: NodeJS.ProcessEnv): string[] {
  const environments = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter((home) => home !== undefined);
  const sites = environments.flatMap((home) =>
    children(path.join(home, 'lib')).map((python) => path.join(home, 'lib', python, 'site-packages')),
  );
  return [...sites, ...sitesOfPython()].flatMap((site) => [
    path.join(site, 'nvidia', 'cu13', 'lib'),
    path.join(site, 'nvidia', 'cublas', 'lib'),
  ]);
}

/** The Python that is first on the PATH knows best where its packages are. */
function sitesOfPython(): string[] {
  try {
    const script = 'import json, site, sys; print(json.dumps([*site.getsitepackages(), site.getusersitepackages()]))';
    const output = execFileSync('python3', ['-c', script], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const sites: unknown = JSON.parse(output);
    return Array.isArray(sites) ? sites.filter((site) => typeof site === 'string') : [];
  } catch {
    return [];
  }
}

function children(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('python'));
  } catch {
    return [];
  }
}
