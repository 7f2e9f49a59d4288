import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDevice, SYNTHETIC_SHAPES, type SyntheticShapeName, writeSynthetic } from '../../mmdit/index.ts';
import { Checkpoint } from '../../mmdit/checkpoint/checkpoint.ts';
import { Component } from '../../mmdit/checkpoint/component.ts';
import type { Device } from '../../mmdit/device/device.ts';
import { listWeights } from '../../mmdit/models/list-weights.ts';
import { familyOf } from '../../mmdit/models/model-families.ts';

// Loading a transformer from bf16 files against a plain read of the same files, in turns: with the files in the page
// cache, and (where GNU dd can drop them from it) from the disk.
const { values: options } = parseArgs({
  options: {
    /** A transformer's folder; where absent one of `shape` is written and removed afterwards. */
    transformer: { type: 'string' },
    shape: { type: 'string', default: 'sd3-medium' },
    layers: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    rounds: { type: 'string', default: '3' },
    /** Where the folder is written: the disk that is measured. */
    in: { type: 'string', default: tmpdir() },
  },
});

const READ_BYTES = 8 * 2 ** 20;
const own = options.transformer === undefined ? await mkdtemp(path.join(options.in, 'arrowhead-bench-load-')) : null;
const device = await openDevice(options.device);
try {
  const folder = options.transformer ?? (await writeTransformer(own!));
  const component = await Component.open(folder);
  const files = [...new Set(component.names.map((name) => component.tensor(name).file))];
  const bytes = component.byteLength;
  console.log(`${(bytes / 1e9).toFixed(2)} GB in ${files.length} file(s), onto ${device.info.name}`);
  await load(component, device);
  for (const state of ['page cache', 'disk'] as const) {
    const plain: number[] = [];
    const loaded: number[] = [];
    for (let round = 0; round < Number(options.rounds); round++) {
      if (!prepare(files, state)) break;
      plain.push(await timed(() => readPlainly(files)));
      prepare(files, state);
      loaded.push(await timed(() => load(component, device)));
    }
    if (plain.length === 0) continue;
    const [read, loading] = [median(plain), median(loaded)];
    const rate = (seconds: number) => `${seconds.toFixed(2)} s, ${(bytes / 1e9 / seconds).toFixed(2)} GB/s`;
    console.log(
      `from the ${state}: plain read ${rate(read)}; load ${rate(loading)}; ${(read / loading).toFixed(2)} of it`,
    );
  }
} finally {
  await device.close();
  if (own) await rm(own, { recursive: true, force: true });
}

async function load(component: Component, on: Device): Promise<void> {
  const model = await familyOf(component).open(component, on);
  await on.finish();
  model.close();
  await on.finish();
}

async function readPlainly(files: readonly string[]): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (const file of files) {
    const handle = await open(file, 'r');
    while ((await handle.read(buffer, 0, buffer.length, null)).bytesRead > 0);
    await handle.close();
  }
}

/** Whether the files are where they should be read from. */
function prepare(files: readonly string[], state: 'page cache' | 'disk'): boolean {
  if (state === 'page cache') return true;
  // With a count of 0 GNU dd drops the whole file from the cache and reads nothing.
  return files.every((file) => spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0']).status === 0);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** A transformer of the shape with small random weights, in bf16. */
async function writeTransformer(folder: string): Promise<string> {
  const shape = options.shape as SyntheticShapeName;
  if (!Object.hasOwn(SYNTHETIC_SHAPES, shape)) throw new Error(`--shape is one of ${Object.keys(SYNTHETIC_SHAPES)}`);
  const layers = options.layers === undefined ? undefined : Number(options.layers);
  await writeSynthetic(folder, shape, { seed: 1 }, { layers });
  const wanted = await listWeights(await (await Checkpoint.open(folder)).component('transformer'));
  let end = 0;
  const entries = [...wanted].map(([name, { shape: dimensions }]) => {
    const begin = end;
    end += 2 * dimensions.reduce((product, length) => product * length, 1);
    return [name, { dtype: 'BF16', shape: dimensions, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const transformer = path.join(folder, 'transformer');
  const file = path.join(transformer, 'diffusion_pytorch_model.safetensors');
  await writeFile(file, Buffer.concat([length, header]));
  const handle = await open(file, 'a');
  // bf16 numbers of about 0.01 with random mantissas.
  const block = Buffer.from(
    Uint16Array.from({ length: READ_BYTES / 2 }, (_, n) => 0x3c00 | ((n * 40503) & 0x80ff)).buffer,
  );
  for (let done = 0; done < end; done += block.length) await handle.write(block, 0, Math.min(block.length, end - done));
  await handle.sync();
  await handle.close();
  return transformer;
}
