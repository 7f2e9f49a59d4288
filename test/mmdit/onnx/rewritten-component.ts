import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';

export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A folder that disappears when the test that asked for it is finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function readTensors(folder: string): Promise<StoredTensor[]> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.safetensors'));
  if (!name) throw new Error(`no weights in ${folder}`);
  const file = await SafetensorsFile.open(path.join(folder, name));
  return Promise.all(
    [...file.entries.values()].map(async ({ name, dtype, shape }) => ({
      name,
      dtype,
      shape,
      bytes: await file.readBytes(name),
    })),
  );
}

/** `headerPadding` odd makes every tensor's offset odd, as old writers did. */
export function encodeTensors(tensors: readonly StoredTensor[], headerPadding = 0): Buffer {
  let position = 0;
  const header: Record<string, unknown> = {};
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [position, position + bytes.length] };
    position += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header) + ' '.repeat(headerPadding));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...tensors.map(({ bytes }) => bytes)]);
}

/** Copies a component's config, changed as told, and writes `tensors` as its weights. */
export async function writeComponent(
  from: string,
  to: string,
  tensors: readonly StoredTensor[],
  options: { config?: Record<string, unknown>; headerPadding?: number; shards?: number } = {},
): Promise<void> {
  await mkdir(to, { recursive: true });
  const config: unknown = JSON.parse(await readFile(path.join(from, 'config.json'), 'utf8'));
  await writeFile(path.join(to, 'config.json'), JSON.stringify({ ...(config as object), ...options.config }));
  const shards = options.shards ?? 1;
  if (shards === 1) {
    await writeFile(path.join(to, 'model.safetensors'), encodeTensors(tensors, options.headerPadding));
    return;
  }
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const own = tensors.filter((_, index) => index % shards === shard);
    const file = `model-${shard + 1}-of-${shards}.safetensors`;
    for (const { name } of own) weightMap[name] = file;
    await writeFile(path.join(to, file), encodeTensors(own, options.headerPadding));
  }
  await writeFile(path.join(to, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
}

/** float32 tensors in a narrower dtype, and the same tensors rounded to it but kept in float32. */
export function narrowed(
  tensors: readonly StoredTensor[],
  dtype: 'BF16' | 'F16',
): { narrow: StoredTensor[]; rounded: StoredTensor[] } {
  const pairs = tensors.map((tensor) => {
    const wide = new Float32Array(tensor.bytes.slice().buffer);
    const halves = Uint16Array.from(wide, dtype === 'BF16' ? toBf16 : toF16);
    const back = Float32Array.from(halves, dtype === 'BF16' ? fromBf16 : fromF16);
    return {
      narrow: { ...tensor, dtype, bytes: new Uint8Array(halves.buffer) },
      rounded: { ...tensor, bytes: new Uint8Array(back.buffer) },
    };
  });
  return { narrow: pairs.map(({ narrow }) => narrow), rounded: pairs.map(({ rounded }) => rounded) };
}

const scratch = new DataView(new ArrayBuffer(4));

function toBf16(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint16(0);
}

function fromBf16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** Truncating; values below the normal range become zero. */
function toF16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return 0;
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

function fromF16(bits: number): number {
  if ((bits & 0x7fff) === 0) return 0;
  const exponent = ((bits >>> 10) & 0x1f) + 112;
  scratch.setUint32(0, (((bits & 0x8000) << 16) | (exponent << 23) | ((bits & 0x3ff) << 13)) >>> 0);
  return scratch.getFloat32(0);
}
