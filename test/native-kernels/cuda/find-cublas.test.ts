import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CudaUnavailableError } from '../../../native-kernels/cuda/cuda-addon.ts';
import { cublasCandidates, firstUsableCublas } from '../../../native-kernels/cuda/find-cublas.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-cublas-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function put(...parts: string[]): Promise<string> {
  const file = path.join(folder, ...parts);
  await mkdir(path.dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

it('looks where the user says, then in the toolkit, then in Python, the newest first, then where the loader looks', async () => {
  const old = await put('cuda', 'lib64', 'libcublasLt.so.12');
  const toolkit = await put('cuda', 'lib64', 'libcublasLt.so.13');
  const python = await put('venv', 'lib', 'python3.12', 'site-packages', 'nvidia', 'cu13', 'lib', 'libcublasLt.so.13');
  const named = path.join(folder, 'mine.so');
  const found = cublasCandidates({
    CUDA_HOME: path.join(folder, 'cuda'),
    VIRTUAL_ENV: path.join(folder, 'venv'),
    ARROWHEAD_CUBLASLT: named,
  }).filter((file) => file.startsWith(folder) || !path.isAbsolute(file));
  expect(found).toEqual([named, toolkit, python, old, 'libcublasLt.so.13', 'libcublasLt.so.12']);
});

it('takes the first that opens', () => {
  const opened = firstUsableCublas(['a', 'b', 'c'], (file) => {
    if (file === 'a') throw Object.assign(new Error('wrong architecture'), { code: 'CUBLAS_ERROR' });
    return file;
  });
  expect(opened).toBe('b');
});

it('says what was tried and how to get one', () => {
  const open = (file: string) => {
    throw Object.assign(new Error(`${file}: cannot open shared object file`), { code: 'CUBLAS_ERROR' });
  };
  expect(() => firstUsableCublas(['x.so', 'y.so'], open)).toThrow(CudaUnavailableError);
  expect(() => firstUsableCublas(['x.so', 'y.so'], open)).toThrow(/pip install nvidia-cublas[\s\S]*x\.so[\s\S]*y\.so/);
});

it('any other error is not swallowed', () => {
  const open = () => {
    throw Object.assign(new Error('out of memory'), { code: 'CUDA_OUT_OF_MEMORY' });
  };
  expect(() => firstUsableCublas(['x.so'], open)).toThrow('out of memory');
});
