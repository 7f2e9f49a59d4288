import { z } from 'zod';
import { JsonLimitError, parseBoundedJson } from '../files/bounded-json.ts';
import { describeIssue } from '../files/describe-issue.ts';
import { CheckpointError } from './checkpoint-error.ts';

/** Bytes per element of the usual dtypes; which of them we load is decided by the reader of a tensor. */
export const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** The reference implementation's own limit: a longer header is an attack or a broken file. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Many times what any model has; entries cost more to check than their bytes let on. */
const MAX_TENSORS = 100_000;
const MAX_HEADER_VALUES = 64 * MAX_TENSORS;

export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte range in the data section, which follows the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(count).max(32),
  data_offsets: z.tuple([count, count]),
});
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

/**
 * Validates a safetensors header against the file that it heads: `dataBytes` is the length of the data section.
 * Throws CheckpointError on anything that the format forbids, overlaps and holes included.
 */
export function parseSafetensorsHeader(
  file: string,
  json: string,
  dataBytes: number,
  repair = 'download it again',
): SafetensorsHeader {
  let parsed: unknown;
  try {
    parsed = parseBoundedJson(json, { values: MAX_HEADER_VALUES });
  } catch (cause) {
    if (cause instanceof JsonLimitError)
      throw new CheckpointError(file, `safetensors header: ${cause.message}`, { cause });
    throw new CheckpointError(file, 'the safetensors header is not JSON; the file is damaged or of another format', {
      cause,
    });
  }
  const names = Object.keys(parsed ?? {}).length;
  if (names > MAX_TENSORS)
    throw new CheckpointError(file, `the header names ${names} tensors; at most ${MAX_TENSORS} are read`);
  const record = headerSchema.safeParse(parsed);
  if (!record.success) throw new CheckpointError(file, 'the safetensors header must be a JSON object');
  const { __metadata__: rawMetadata, ...tensors } = record.data;
  const metadata = metadataSchema.safeParse(rawMetadata ?? {});
  if (!metadata.success) throw new CheckpointError(file, '__metadata__ must map strings to strings');

  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(file, name, value));
  refuseDuplicateNames(file, json, entries);
  refuseBadRanges(file, entries, dataBytes, repair);
  return { entries, metadata: metadata.data };
}

function parseEntry(file: string, name: string, value: unknown): HeaderEntry {
  const entry = entrySchema.safeParse(value);
  if (!entry.success) {
    throw new CheckpointError(file, `tensor "${name}": ${describeIssue(entry.error, value)}`);
  }
  const { dtype, shape, data_offsets } = entry.data;
  const [begin, end] = data_offsets;
  // The format gains dtypes (F8_E8M0, F4 …): a tensor of one that nobody reads is no fault of the file.
  const elementBytes = DTYPE_BYTES[dtype];
  const expected = elementBytes && shape.reduce((product, length) => product * length, elementBytes);
  if (expected !== undefined && !(Number.isSafeInteger(expected) && end - begin === expected)) {
    throw new CheckpointError(
      file,
      `tensor "${name}": shape [${shape.join(', ')}] of ${dtype} needs ${expected} bytes, data_offsets give ${end - begin}`,
    );
  }
  if (end < begin) throw new CheckpointError(file, `tensor "${name}": data_offsets end before they begin`);
  return { name, dtype, shape, begin, end };
}

/** JSON.parse keeps the last of two equal keys silently; count the keys that the text itself holds. */
function refuseDuplicateNames(file: string, json: string, entries: readonly HeaderEntry[]): void {
  const declared = json.match(/"data_offsets"\s*:/g)?.length ?? 0;
  if (declared !== entries.length) {
    throw new CheckpointError(
      file,
      `the header declares ${declared} tensors but only ${entries.length} distinct names`,
    );
  }
}

function refuseBadRanges(file: string, entries: readonly HeaderEntry[], dataBytes: number, repair: string): void {
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of ordered) {
    if (begin < position)
      throw new CheckpointError(file, `tensor "${name}" overlaps the tensor before it at byte ${begin}`);
    if (begin > position)
      throw new CheckpointError(file, `${begin - position} bytes before tensor "${name}" belong to no tensor`);
    position = end;
  }
  if (position > dataBytes) {
    throw new CheckpointError(
      file,
      `the header describes ${position} bytes of data, the file holds ${dataBytes}; it is truncated: it was not copied or written to its end, so ${repair}`,
    );
  }
  if (position < dataBytes)
    throw new CheckpointError(file, `${dataBytes - position} bytes at the end belong to no tensor`);
}
