import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Component } from './component.ts';
import { openRegularFile } from './regular-file.ts';
import type { StoredTensor } from './tensor-source.ts';

const SAMPLES_PER_TENSOR = 4;
const SAMPLE_BYTES = 64;

/**
 * Identity of a model's weights without reading them all: its config, every tensor's name, dtype and shape, and a few
 * bytes of each. Stable over sharding and file order. `sha256:…`.
 */
export async function fingerprint(component: Component): Promise<string> {
  const hash = createHash('sha256');
  const config = Object.entries(component.config).filter(([key]) => !key.startsWith('_') || key === '_class_name');
  hash.update(JSON.stringify(config.sort(([a], [b]) => (a < b ? -1 : 1))));
  if (component.synthetic) hash.update(JSON.stringify(component.synthetic));
  const handles = new Map<string, FileHandle>();
  try {
    for (const name of [...component.names].sort()) {
      const source = component.stored(name);
      const { file, dtype, shape } = source;
      const handle = handles.get(file) ?? (await openRegularFile(file));
      handles.set(file, handle);
      hash.update(JSON.stringify([name, dtype, shape]));
      hash.update(await sampleBytes(handle, source));
    }
  } finally {
    await Promise.all([...handles.values()].map((handle) => handle.close()));
  }
  return `sha256:${hash.digest('hex')}`;
}

async function sampleBytes(handle: FileHandle, { byteOffset, byteLength }: StoredTensor): Promise<Buffer> {
  const samples = Buffer.alloc(SAMPLES_PER_TENSOR * SAMPLE_BYTES);
  const last = Math.max(0, byteLength - SAMPLE_BYTES);
  const length = Math.min(SAMPLE_BYTES, byteLength);
  const reads = Array.from({ length: SAMPLES_PER_TENSOR }, (_, index) => {
    const at = Math.floor((last * index) / (SAMPLES_PER_TENSOR - 1));
    return handle.read(samples, index * SAMPLE_BYTES, length, byteOffset + at);
  });
  await Promise.all(reads);
  return samples;
}
