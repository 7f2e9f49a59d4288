import { writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import { readJsonFile } from '../json-file.ts';
import { type Scheme, type SchemeHead, schemeHeadSchema, schemeSchema } from './scheme.ts';

/** Fits 1,000 steps of a model far larger than FLUX. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Reads and validates a `*.scheme.json`. Throws CalibrationFileError naming the file and the first wrong field. */
export function readScheme(file: string): Promise<Scheme> {
  return readJsonFile(file, schemeSchema, MAX_BYTES);
}

/** All but its plan, which is not checked. Throws CalibrationFileError. */
export function readSchemeHead(file: string): Promise<SchemeHead> {
  return readJsonFile(file, schemeHeadSchema, MAX_BYTES);
}

/** Throws FileWriteError; the file is whole or was not touched. */
export async function writeScheme(file: string, scheme: Scheme): Promise<void> {
  await writeWholeFile(file, formatScheme(scheme));
}

/** The text of a scheme file: fields in the order of the format, one line per step and layer of the plan. */
export function formatScheme(scheme: Scheme): string {
  const { plan, stats, ...head } = schemeSchema.parse(scheme);
  const marker = '"plan": 0';
  const text = JSON.stringify({ ...head, plan: 0, stats }, null, 2);
  const steps = plan.map(
    (layers) => `    [\n${layers.map((heads) => `      [${heads.join(', ')}]`).join(',\n')}\n    ]`,
  );
  const at = text.lastIndexOf(marker);
  return `${text.slice(0, at)}"plan": [\n${steps.join(',\n')}\n  ]${text.slice(at + marker.length)}\n`;
}
