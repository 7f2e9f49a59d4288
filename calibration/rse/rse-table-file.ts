import { z } from 'zod';
import { SafetensorsFile } from '../../mmdit/checkpoint/safetensors-file.ts';
import { encodeSafetensors } from '../../mmdit/checkpoint/safetensors-writer.ts';
import { parseBoundedJson } from '../../mmdit/files/bounded-json.ts';
import { writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import { CalibrationError, CalibrationFileError } from '../calibration-error.ts';
import { describeIssue } from '../../mmdit/files/describe-issue.ts';
import * as field from '../field-limits.ts';
import { validate } from '../json-file.ts';
import type { RseTable, TableSampling } from './rse-table.ts';

const FORMAT = 'arrowhead-rse';
const VERSION = '1';

const samplingSchema = z
  .strictObject({
    ...field.sampler,
    imageTokens: field.tokens,
    block: field.block,
    headDim: z.int().min(1).max(4096),
    layouts: z.array(field.layout),
  })
  .readonly();
const searchSchema = z.strictObject(field.searchSettings);

/** Throws FileWriteError; the file is whole or was not touched. Equal tables give equal bytes. */
export async function writeRseTable(file: string, table: RseTable): Promise<void> {
  await writeWholeFile(file, encodeRseTable(table));
}

export function encodeRseTable(table: RseTable): Buffer {
  const { steps, layers, methods, heads, rse } = table;
  const shape = [steps, layers.length, methods.length, heads];
  return encodeSafetensors([{ name: 'rse', dtype: 'F32', shape, data: rse }], tableMetadata(table));
}

/** What the file says beside the tensor: JSON under each key. */
export function tableMetadata({
  methods,
  layers,
  model,
  sampling,
  search,
}: Omit<RseTable, 'rse'>): Record<string, string> {
  return {
    format: FORMAT,
    version: VERSION,
    methods: JSON.stringify(methods),
    layers: JSON.stringify(layers),
    // Through the schemas, which put fields into one order: equal tables give equal bytes.
    ...(model && { model: JSON.stringify(field.model.parse(model)), fingerprint: model.fingerprint }),
    ...(sampling && { sampling: JSON.stringify(samplingSchema.parse(sampling)) }),
    ...(search && { search: JSON.stringify(searchSchema.parse(search)) }),
  };
}

/**
 * Throws CalibrationError naming the field where a table of this description could be written but not be read again:
 * to be asked before a search, not after it.
 */
export function requireRecordable({ methods, layers, heads, model, sampling, search }: Omit<RseTable, 'rse'>): void {
  const description = z.object({
    methods: field.methodNames,
    layers: field.layerNames,
    heads: z.int().min(1).max(field.LIMITS.heads),
    model: field.model.nullable(),
    sampling: samplingSchema.nullable(),
    search: searchSchema.nullable(),
  });
  const value = { methods, layers, heads, model, sampling, search };
  const { error } = description.safeParse(value);
  if (error) throw new CalibrationError(`The calibration could not be recorded: ${describeIssue(error, value)}`);
}

/** Reads and validates `rse.safetensors`. Throws CalibrationFileError, or CheckpointError for a broken container. */
export async function readRseTable(file: string): Promise<RseTable> {
  const opened = await SafetensorsFile.open(file, 'calibrate again');
  const { format, version } = opened.metadata;
  if (format === FORMAT && version !== VERSION) {
    throw new CalibrationFileError(
      file,
      `metadata "version": expected ${VERSION}, found ${version}; a newer Arrowhead wrote this file`,
    );
  }
  const methods = requiredMetadata(opened, 'methods', field.methodNames);
  const layers = requiredMetadata(opened, 'layers', field.layerNames);
  const [steps, heads] = requireShape(opened, layers.length, methods.length);
  const sampling = ownMetadata(opened, 'sampling', samplingSchema);
  if (sampling) requireSampling(opened.file, sampling, steps, layers.length);
  const rse = floats(await opened.readBytes('rse'));
  const negative = rse.findIndex((value) => value < 0);
  if (negative >= 0) {
    throw new CalibrationFileError(
      file,
      `tensor "rse": expected no negative value, found ${rse[negative]} at ${negative}`,
    );
  }
  return {
    methods,
    layers,
    steps,
    heads,
    rse,
    model: ownMetadata(opened, 'model', field.model),
    sampling,
    search: ownMetadata(opened, 'search', searchSchema),
  };
}

function requireShape(opened: SafetensorsFile, layers: number, methods: number): [steps: number, heads: number] {
  const entry = opened.entries.get('rse');
  const expected = `F32 [steps, ${layers}, ${methods}, heads] as its metadata lists layers and methods`;
  if (!entry) throw new CalibrationFileError(opened.file, `expected a tensor "rse" of ${expected}, found none`);
  const { dtype, shape } = entry;
  const [steps = 0, foundLayers, foundMethods, heads = 0] = shape;
  const fits =
    dtype === 'F32' &&
    shape.length === 4 &&
    foundLayers === layers &&
    foundMethods === methods &&
    steps >= 1 &&
    steps <= field.LIMITS.steps &&
    heads >= 1 &&
    heads <= field.LIMITS.heads;
  if (!fits) {
    throw new CalibrationFileError(
      opened.file,
      `tensor "rse": expected ${expected}, at most ${field.LIMITS.steps} steps and ${field.LIMITS.heads} heads; found ${dtype} [${shape.join(', ')}]`,
    );
  }
  return [steps, heads];
}

function requireSampling(file: string, sampling: TableSampling, steps: number, layers: number): void {
  if (sampling.steps !== steps) {
    throw new CalibrationFileError(
      file,
      `field "sampling.steps": expected ${steps} as the tensor has, found ${sampling.steps}`,
    );
  }
  if (sampling.layouts.length !== layers) {
    throw new CalibrationFileError(
      file,
      `field "sampling.layouts": expected ${layers} layers, found ${sampling.layouts.length}`,
    );
  }
}

function requiredMetadata<T>(opened: SafetensorsFile, key: string, schema: z.ZodType<T>): T {
  const value = optionalMetadata(opened, key, schema);
  if (value === null) {
    throw new CalibrationFileError(opened.file, `metadata "${key}": expected a JSON array of names, found none`);
  }
  return value;
}

/** Tables of other programs may use these keys in their own way, which solving with given savings does not need. */
function ownMetadata<T>(opened: SafetensorsFile, key: string, schema: z.ZodType<T>): T | null {
  return opened.metadata.format === FORMAT ? optionalMetadata(opened, key, schema) : null;
}

function optionalMetadata<T>(opened: SafetensorsFile, key: string, schema: z.ZodType<T>): T | null {
  const text = opened.metadata[key];
  if (text === undefined) return null;
  let value: unknown;
  try {
    value = parseBoundedJson(text);
  } catch (cause) {
    throw new CalibrationFileError(opened.file, `metadata "${key}": expected JSON, found other text`, { cause });
  }
  return validate(opened.file, schema, value, key);
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);
}
