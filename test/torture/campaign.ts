import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** One kind of attack on the program. */
export interface Campaign {
  readonly name: string;
  run(trial: Trial): Promise<void>;
}

/** What a campaign counts, and what was lost in it. */
export class Trial {
  readonly seed: number;
  /** Empty at first, gone afterwards. */
  readonly folder: string;
  readonly counts = new Map<string, number>();
  readonly losses: string[] = [];
  /** Why a part of it could not run here. */
  readonly skipped: string[] = [];

  constructor(seed: number, folder: string) {
    this.seed = seed;
    this.folder = folder;
  }

  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  /** Counts a check, and a loss where it does not hold. */
  check(holds: boolean, loss: string): void {
    this.count('checks');
    if (!holds) this.losses.push(loss);
  }
}

/** Runs a campaign in a folder of its own. What it throws is a loss. */
export async function runCampaign({ name, run }: Campaign, seed: number): Promise<Trial> {
  const folder = await mkdtemp(path.join(tmpdir(), `arrowhead-torture-${name.replace(/\W+/g, '-')}-`));
  const trial = new Trial(seed, folder);
  try {
    await run(trial);
  } catch (error) {
    trial.losses.push(`the campaign ended: ${(error as Error).stack}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return trial;
}
