import type { FileHandle } from 'node:fs/promises';
import { CheckpointError } from '../checkpoint-error.ts';
import { openRegularFile, readTensorBytes } from '../regular-file.ts';
import { DTYPE_BYTES } from '../safetensors-header.ts';
import type { TensorFile } from '../tensor-file.ts';
import { isStoredDtype, type TensorSource } from '../tensor-source.ts';
import { readLegacyLayout } from './legacy-layout.ts';
import { PickleError } from './pickle-value.ts';
import type { TorchLayout } from './torch-layout.ts';
import type { TensorView } from './torch-values.ts';
import { readZipLayout } from './zip-layout.ts';

/** A state dict as torch.save writes it (`.pth`, `.pt`), before and since torch 1.6. Read as data: nothing in it runs. */
export class TorchFile implements TensorFile {
  readonly file: string;
  readonly #layout: TorchLayout;

  private constructor(file: string, layout: TorchLayout) {
    this.file = file;
    this.#layout = layout;
  }

  /** Reads what is where, no weights. Throws CheckpointError where the file breaks the format or asks for more than data. */
  static async open(file: string, format: 'zip' | 'legacy'): Promise<TorchFile> {
    const handle = await openRegularFile(file);
    try {
      return new TorchFile(file, await readLayout(file, handle, format));
    } finally {
      await handle.close();
    }
  }

  get names(): readonly string[] {
    return [...this.#layout.tensors.keys()];
  }

  /** Throws CheckpointError for a missing tensor, one of a dtype that weights cannot have, or one not in row-major order. */
  tensor(name: string): TensorSource {
    const view = this.#layout.tensors.get(name);
    if (view === undefined) throw new CheckpointError(this.file, `has no tensor "${name}"`);
    const { storage, shape } = view;
    const { dtype } = storage;
    if (!isStoredDtype(dtype)) {
      throw new CheckpointError(this.file, `tensor "${name}" is ${dtype}; supported are F32, F16 and BF16`);
    }
    const { byteOffset, byteLength } = this.#place(name, view);
    const read = () => readTensorBytes(this.file, name, byteOffset, byteLength);
    return { name, dtype, shape, file: this.file, byteOffset, byteLength, read };
  }

  #place(name: string, { storage, offset, shape, strides }: TensorView) {
    const place = this.#layout.storages.get(storage.key);
    if (place === undefined) {
      throw new CheckpointError(this.file, `tensor "${name}": its storage "${storage.key}" is not in the file`);
    }
    if (!isRowMajor(shape, strides)) {
      throw new CheckpointError(
        this.file,
        `tensor "${name}": shape [${shape.join(', ')}] with strides [${strides.join(', ')}] is not in row-major order; write it again with .contiguous()`,
      );
    }
    const elementBytes = DTYPE_BYTES[storage.dtype]!;
    const byteLength = elementBytes * shape.reduce((product, length) => product * length, 1);
    if (!Number.isSafeInteger(byteLength) || elementBytes * offset + byteLength > place.byteLength) {
      throw new CheckpointError(
        this.file,
        `tensor "${name}": shape [${shape.join(', ')}] from element ${offset} on needs more than the ${place.byteLength} bytes of its storage`,
      );
    }
    return { byteOffset: place.byteOffset + elementBytes * offset, byteLength };
  }
}

async function readLayout(file: string, handle: FileHandle, format: 'zip' | 'legacy'): Promise<TorchLayout> {
  try {
    return format === 'zip' ? await readZipLayout(file, handle) : await readLegacyLayout(file, handle);
  } catch (cause) {
    if (!(cause instanceof PickleError)) throw cause;
    throw new CheckpointError(file, `its pickle ${cause.message}`, { cause });
  }
}

/** The stride of an axis of one element says nothing; without elements none does. */
function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}
