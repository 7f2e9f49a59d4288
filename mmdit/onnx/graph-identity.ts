import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Component } from '../checkpoint/component.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import type { OnnxGraph } from './graph-builder.ts';

/**
 * Hash of what a graph over a component's weights computes: nodes, constants and shapes; and the weights, as far as
 * sampled bytes, sizes and times of change tell.
 */
export async function graphIdentity({ bytes }: OnnxGraph, component: Component): Promise<string> {
  const hash = createHash('sha256').update(bytes);
  hash.update(await fingerprint(component));
  const files = new Set(component.names.map((name) => component.tensor(name).file));
  for (const file of [...files].sort()) {
    const { size, mtimeMs } = await stat(file);
    // Whole seconds: not every copy keeps the rest.
    hash.update(`\n${size} ${Math.floor(mtimeMs / 1000)}`);
  }
  return hash.digest('hex');
}
