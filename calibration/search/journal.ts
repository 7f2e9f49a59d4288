import { createHash } from 'node:crypto';
import { stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../../mmdit/checkpoint/checkpoint-error.ts';
import { SafetensorsFile } from '../../mmdit/checkpoint/safetensors-file.ts';
import { encodeSafetensors } from '../../mmdit/checkpoint/safetensors-writer.ts';
import { parseBoundedJson } from '../../mmdit/files/bounded-json.ts';
import { writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import { CalibrationError, CalibrationFileError } from '../calibration-error.ts';
import type { FinishedSteps } from './progressive-search.ts';

export const JOURNAL_FILE = 'calibration.journal.safetensors';

/** What a calibration was asked for, in fields that people know; two are the same search if all fields are equal. */
export type JournalRequest = Readonly<Record<string, unknown>>;

export interface JournalShape {
  readonly steps: number;
  readonly layers: number;
  readonly methods: number;
  readonly heads: number;
}

export interface JournalContent extends FinishedSteps {
  /** Wall time of the finished steps. */
  readonly seconds: number;
}

interface JournalTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const requestSchema = z.record(z.string(), z.unknown());

/** The finished steps of a calibration under way: one file in its folder, replaced whole after every step. */
export class Journal {
  readonly #file: string;
  readonly request: JournalRequest;
  readonly #shape: JournalShape;

  constructor(folder: string, request: JournalRequest, shape: JournalShape) {
    this.#file = path.join(folder, JOURNAL_FILE);
    this.request = request;
    this.#shape = shape;
  }

  async exists(): Promise<boolean> {
    return stat(this.#file).then(
      () => true,
      () => false,
    );
  }

  /** Throws FileWriteError; what was there before is then still there. */
  async write({ count, rse, choices, seconds }: JournalContent): Promise<void> {
    const { layers, methods, heads } = this.#shape;
    const tensors = [
      { name: 'rse', dtype: 'F32', shape: [count, layers, methods, heads], data: rse },
      { name: 'plan', dtype: 'U8', shape: [count, layers, heads], data: choices },
    ] as const;
    const written = { request: JSON.stringify(this.request), seconds: String(seconds) };
    const metadata = { ...written, checksum: checksumOf(written, bytesOf(rse), choices) };
    await writeWholeFile(this.#file, encodeSafetensors(tensors, metadata));
  }

  /**
   * Throws CalibrationFileError where it does not hold what was written, CalibrationError for the journal of another
   * search. Its checksum comes first: a damaged setting must not look like one that somebody changed.
   */
  async read(): Promise<JournalContent> {
    const { metadata, tensors } = await this.#content();
    const { steps, layers, methods, heads } = this.#shape;
    const [rse, plan] = [tensors.get('rse'), tensors.get('plan')];
    if (!rse || !plan || checksumOf(metadata, rse.bytes, plan.bytes) !== metadata.checksum) throw this.#damaged();
    this.requireSameRequest(parseRequest(this.#file, metadata.request));
    const count = rse.shape[0] ?? -1;
    const seconds = Number(metadata.seconds);
    const fits =
      count <= steps &&
      isOf(rse, 'F32', [count, layers, methods, heads]) &&
      isOf(plan, 'U8', [count, layers, heads]) &&
      plan.bytes.every((choice) => choice < methods) &&
      seconds >= 0;
    if (!fits) throw this.#damaged();
    const { buffer, byteOffset, byteLength } = rse.bytes;
    return { count, rse: new Float32Array(buffer, byteOffset, byteLength / 4), choices: plan.bytes, seconds };
  }

  async #content() {
    try {
      const opened = await SafetensorsFile.open(this.#file);
      const tensors = new Map<string, JournalTensor>();
      for (const [name, { dtype, shape }] of opened.entries) {
        tensors.set(name, { dtype, shape, bytes: await opened.readBytes(name) });
      }
      return { metadata: opened.metadata, tensors };
    } catch (cause) {
      // Its advice is to download a checkpoint again.
      throw cause instanceof CheckpointError ? this.#damaged(cause) : cause;
    }
  }

  /** One flipped bit would otherwise end in another scheme, without a word. */
  #damaged(cause?: CheckpointError): CalibrationFileError {
    return new CalibrationFileError(
      this.#file,
      'is damaged, or of an older Arrowhead, which kept no checksum: its finished steps cannot be used. Delete it to start this calibration over',
      { cause },
    );
  }

  async remove(): Promise<void> {
    await unlink(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  /** Throws CalibrationError naming the first setting that another calibration had differently. */
  requireSameRequest(other: JournalRequest): void {
    const [asked, found] = [flatten(this.request), flatten(other)];
    for (const field of new Set([...asked.keys(), ...found.keys()])) {
      // A checkpoint is known by its fingerprint: its folder may have been renamed.
      if (field === 'model.name' || asked.get(field) === found.get(field)) continue;
      throw new CalibrationError(
        `${path.dirname(this.#file)} holds another calibration: ${field} was ${found.get(field) ?? 'absent'}, now ${asked.get(field) ?? 'absent'}. Resume with the same settings, or choose another folder`,
      );
    }
  }
}

/** SHA-256 of everything that a resumed search takes over. */
function checksumOf(
  { request = '', seconds = '' }: Readonly<Record<string, string>>,
  rse: Uint8Array,
  plan: Uint8Array,
): string {
  const hash = createHash('sha256').update(JSON.stringify([request, seconds, rse.length, plan.length]));
  return hash.update(rse).update(plan).digest('hex');
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function parseRequest(file: string, text: string | undefined): JournalRequest {
  let value: unknown = null;
  try {
    value = parseBoundedJson(text ?? 'null');
  } catch {
    // Reported below.
  }
  const request = requestSchema.safeParse(value);
  if (!request.success) throw new CalibrationFileError(file, 'does not say which calibration it belongs to');
  return request.data;
}

/** `search.delta` → `0.4`: settings by the names that people know. */
function flatten(request: JournalRequest): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [group, value] of Object.entries(request)) {
    if (typeof value !== 'object' || value === null) fields.set(group, JSON.stringify(value));
    else for (const [field, inner] of Object.entries(value)) fields.set(`${group}.${field}`, canonical(inner));
  }
  return fields;
}

/** JSON that does not depend on the order in which fields were set. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function isOf(tensor: JournalTensor, dtype: string, shape: readonly number[]): boolean {
  return tensor.dtype === dtype && tensor.shape.join() === shape.join();
}
