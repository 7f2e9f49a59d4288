import { CheckpointError } from './checkpoint-error.ts';
import { openRegularFile, readRange } from './regular-file.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import type { TensorFile } from './tensor-file.ts';
import { TorchFile } from './torch/torch-file.ts';

const ZIP = 'PK\x03\x04';
/** The opcode that begins every pickle of protocol 2 and later. */
const PICKLE = '\x80';

/** Opens safetensors or a state dict of PyTorch, told apart by how the file begins. Throws CheckpointError. */
export async function openTensorFile(file: string): Promise<TensorFile> {
  const start = await readStart(file);
  if (start.startsWith(ZIP)) return TorchFile.open(file, 'zip');
  if (start.startsWith(PICKLE)) return TorchFile.open(file, 'legacy');
  if (/^\s*</.test(start)) {
    throw new CheckpointError(file, 'is a web page, not weights; download the file itself ("raw", on GitHub)');
  }
  return SafetensorsFile.open(file);
}

async function readStart(file: string): Promise<string> {
  const handle = await openRegularFile(file);
  try {
    const bytes = Buffer.alloc(8);
    return bytes.toString('latin1', 0, await readRange(handle, bytes, 0));
  } finally {
    await handle.close();
  }
}
