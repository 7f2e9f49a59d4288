import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Component } from './component.ts';
import type { TensorSource } from './tensor-source.ts';

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
  for (const name of [...component.names].sort()) {
    const source = component.tensor(name);
    hash.update(JSON.stringify([name, source.dtype, source.shape]));
    hash.update(await sampleBytes(source));
  }
  return `sha256:${hash.digest('hex')}`;
}

async function sampleBytes(source: TensorSource): Promise<Buffer> {
  const handle = await open(source.file, 'r');
  try {
    const samples = Buffer.alloc(SAMPLES_PER_TENSOR * SAMPLE_BYTES);
    const last = Math.max(0, source.byteLength - SAMPLE_BYTES);
    for (let index = 0; index < SAMPLES_PER_TENSOR; index++) {
      const at = Math.floor((last * index) / (SAMPLES_PER_TENSOR - 1));
      await handle.read(
        samples,
        index * SAMPLE_BYTES,
        Math.min(SAMPLE_BYTES, source.byteLength),
        source.byteOffset + at,
      );
    }
    return samples;
  } finally {
    await handle.close();
  }
}
