import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOURNAL_FILE, Journal } from '../../../calibration/search/journal.ts';

const SHAPE = { steps: 4, layers: 2, methods: 3, heads: 2 };
const REQUEST = { model: { name: 'demo', fingerprint: 'sha256:1' }, search: { delta: 0.4, seeds: [1] } };
const CONTENT = {
  count: 2,
  rse: Float32Array.from({ length: 2 * 2 * 3 * 2 }, (_, n) => n / 7),
  choices: Uint8Array.from({ length: 2 * 2 * 2 }, (_, n) => n % 3),
  seconds: 1.5,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'journal-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the journal of a calibration', () => {
  it('gives back what it was given', async () => {
    const journal = new Journal(folder, REQUEST, SHAPE);
    await journal.write(CONTENT);
    expect(await journal.read()).toEqual(CONTENT);
  });

  it('with any one bit flipped is refused, or as it was: never other steps', async () => {
    const journal = new Journal(folder, REQUEST, SHAPE);
    await journal.write(CONTENT);
    const file = path.join(folder, JOURNAL_FILE);
    const whole = await readFile(file);
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at]! ^ (1 << (at % 8));
      await writeFile(file, damaged);
      const read = await journal.read().catch((error: Error) => error);
      if (read instanceof Error) {
        refused += 1;
        expect(read.message, `byte ${at}`).toMatch(/is damaged.*Delete it/);
      } else expect(read, `byte ${at}`).toEqual(CONTENT);
    }
    // All of the tensors, and all that is said of them.
    expect(refused).toBeGreaterThan(0.9 * whole.length);
  });

  it('without a checksum is refused, with what to do', async () => {
    const journal = new Journal(folder, REQUEST, SHAPE);
    await journal.write(CONTENT);
    const file = path.join(folder, JOURNAL_FILE);
    const text = (await readFile(file)).toString('latin1').replace('"checksum"', '"checksux"');
    await writeFile(file, text, 'latin1');
    await expect(journal.read()).rejects.toThrow('Delete it to start this calibration over');
  });

  it('goes on where the checkpoint’s folder was renamed, and not with another model', async () => {
    await new Journal(folder, REQUEST, SHAPE).write(CONTENT);
    const renamed = { ...REQUEST, model: { ...REQUEST.model, name: 'moved' } };
    expect(await new Journal(folder, renamed, SHAPE).read()).toEqual(CONTENT);
    const other = { ...REQUEST, model: { ...REQUEST.model, fingerprint: 'sha256:2' } };
    await expect(new Journal(folder, other, SHAPE).read()).rejects.toThrow('model.fingerprint was "sha256:1"');
  });
});
