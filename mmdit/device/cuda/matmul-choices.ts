import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { CudaContext, MatmulChoices } from '../../../native-kernels/index.ts';
import { inArrowheadHome } from '../../files/arrowhead-home.ts';
import { writeWholeFile } from '../../files/write-whole-file.ts';

const schema = z.record(z.string(), z.number().int().min(-1).max(1000));

/**
 * Which algorithm each large matrix product uses on a card: timed once and kept in `$ARROWHEAD_HOME/cuda/` (else
 * `~/.arrowhead/cuda/`), so that a resumed search computes the same bits as the process that was killed.
 */
export class KeptMatmulChoices {
  readonly #file: string;
  readonly known: MatmulChoices;
  #count: number;

  constructor(card: string) {
    this.#file = inArrowheadHome('cuda', `matmul-${card.replaceAll(/[^\w]+/g, '-')}.json`);
    this.known = read(this.#file);
    this.#count = Object.keys(this.known).length;
  }

  /** Writes what was chosen since; a home that cannot be written costs nothing but the timing next time. */
  keep(context: CudaContext): void {
    const choices = context.matmulChoices();
    const count = Object.keys(choices).length;
    if (count === this.#count) return;
    this.#count = count;
    void mkdir(path.dirname(this.#file), { recursive: true })
      .then(() => writeWholeFile(this.#file, `${JSON.stringify(choices, null, 1)}\n`))
      .catch(() => {});
  }
}

function read(file: string): MatmulChoices {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Missing or damaged: everything is timed anew.
    return {};
  }
}
