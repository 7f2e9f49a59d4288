import type { FileHandle } from 'node:fs/promises';
import { CheckpointError } from '../checkpoint-error.ts';
import { readRange } from '../regular-file.ts';
import { DTYPE_BYTES } from '../safetensors-header.ts';
import { PickleDict, PickleError, PickleList, type PickleValue } from './pickle-value.ts';
import { type PickleWorld, readPickle } from './read-pickle.ts';
import { stateDictOf } from './state-dict.ts';
import { MAX_PICKLE_BYTES, type StoragePlace, type TorchLayout } from './torch-layout.ts';
import { type TorchStorage, torchGlobal, torchStorage } from './torch-values.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;
/** Elements of the storage that follows, int64. */
const COUNT_BYTES = 8;

/**
 * torch.save's format before 1.6: five pickles (magic number, protocol, machine, state dict, keys of the storages), then
 * every storage with its length, in the order of the keys. Throws CheckpointError, PickleError.
 */
export async function readLegacyLayout(file: string, handle: FileHandle): Promise<TorchLayout> {
  const { size } = await handle.stat();
  const head = new Uint8Array(Math.min(size, MAX_PICKLE_BYTES));
  await readRange(handle, head, 0);
  const storages = new Map<string, TorchStorage>();
  const world = worldOf(storages);
  let end = 0;
  const next = (): PickleValue => {
    const read = readPickle(head, end, world);
    end = read.end;
    return read.value;
  };
  if (next() !== MAGIC) throw new PickleError('is of another program than torch.save');
  const version = next();
  if (version !== PROTOCOL_VERSION) {
    throw new PickleError(`begins a file of version ${String(version)}; known is ${PROTOCOL_VERSION}`);
  }
  const machine = next();
  if (machine instanceof PickleDict && machine.entries.get('little_endian') === false) {
    throw new CheckpointError(file, 'was written by a big-endian machine, which is not supported');
  }
  const tensors = stateDictOf(next());
  const keys = next();
  if (!(keys instanceof PickleList)) throw new PickleError('does not list the storages after the state dict');
  return { tensors, storages: await findStorages(file, handle, keys.items, storages, end) };
}

/** One storage per key, whatever its number of tensors. */
function worldOf(storages: Map<string, TorchStorage>): PickleWorld {
  return {
    global: torchGlobal,
    persistent: (id) => {
      const storage = torchStorage(id);
      const known = storages.get(storage.key) ?? storage;
      if (known.dtype !== storage.dtype || known.length !== storage.length) {
        throw new PickleError(`describes storage "${storage.key}" in two ways`);
      }
      storages.set(storage.key, known);
      return known;
    },
  };
}

async function findStorages(
  file: string,
  handle: FileHandle,
  keys: readonly PickleValue[],
  storages: ReadonlyMap<string, TorchStorage>,
  start: number,
): Promise<ReadonlyMap<string, StoragePlace>> {
  const { size } = await handle.stat();
  const places = new Map<string, StoragePlace>();
  const count = Buffer.alloc(COUNT_BYTES);
  let position = start;
  for (const key of keys) {
    const storage = storages.get(String(key));
    if (storage === undefined || places.has(storage.key)) {
      throw new PickleError(`lists storage "${String(key)}", which no tensor uses or which was listed before`);
    }
    const read = await readRange(handle, count, position);
    const length = count.readBigInt64LE();
    if (read === COUNT_BYTES && length !== BigInt(storage.length)) {
      throw new CheckpointError(
        file,
        `storage "${storage.key}" at byte ${position}: expected ${storage.length} elements, found ${length}; it is damaged, so download it again`,
      );
    }
    const place = { byteOffset: position + COUNT_BYTES, byteLength: storage.length * DTYPE_BYTES[storage.dtype]! };
    position = place.byteOffset + place.byteLength;
    if (position > size) {
      throw new CheckpointError(
        file,
        `is truncated: storage "${storage.key}" ends at byte ${position}, the file at ${size}; download it again`,
      );
    }
    places.set(storage.key, place);
  }
  return places;
}
