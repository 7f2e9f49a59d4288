// mutation-child.ts FOLDER SEED TIMES: damages every format so many times, and tells what reading it came to.
import { readFile, writeFile } from 'node:fs/promises';
import { Random } from '../electron/server/fuzz/random.ts';
import { makeFormats } from './formats.ts';
import { mutate } from './mutate.ts';

export interface MutationReport {
  readonly format: string;
  readonly read: number;
  readonly refused: number;
  /** Errors that tell nobody what is wrong with the file. */
  readonly strange: readonly string[];
  readonly slowestMs: number;
}

/** Faults of the program rather than of a file. */
const STRANGE = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'AssertionError',
  'ZodError',
  'SyntaxError',
  'Error',
]);

const [folder = '', seed = '0', times = '0'] = process.argv.slice(2);
for (const format of await makeFormats(folder)) {
  const random = new Random(Number(seed) + format.name.length * 7919);
  const original = await readFile(format.file);
  // An undamaged one must be read.
  await format.read();
  const report = { format: format.name, read: 0, refused: 0, strange: [] as string[], slowestMs: 0 };
  for (let n = 0; n < Number(times); n++) {
    await writeFile(format.file, mutate(original, random, format.isText));
    const start = performance.now();
    try {
      await format.read();
      report.read++;
    } catch (error) {
      report.refused++;
      const { name, message } = error as Error;
      if (STRANGE.has(name) && report.strange.length < 5)
        report.strange.push(`${n}: ${name}: ${message.slice(0, 200)}`);
    }
    report.slowestMs = Math.max(report.slowestMs, performance.now() - start);
  }
  await writeFile(format.file, original);
  process.send?.({ ...report } satisfies MutationReport);
}
process.send?.({ memory: process.resourceUsage().maxRSS * 1024 });
process.disconnect();
