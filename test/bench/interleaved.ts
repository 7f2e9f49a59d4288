import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 10;
const WARM_UP_MS = 10;
const PAUSE_BETWEEN_ROUNDS_MS = 100;

export interface Times {
  /** Milliseconds on the clock, per round. */
  readonly wall: number[];
  /** Milliseconds of processor time of all threads: what other programs on the machine disturb least. */
  readonly cpu: number[];
}

/** Times of every peer in every round. Peers take turns, so that whatever else the machine does hits all alike. */
export async function interleaved<Name extends string>(
  peers: Readonly<Record<Name, () => Promise<unknown>>>,
  rounds: number,
): Promise<Record<Name, Times>> {
  const names = Object.keys(peers) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, { wall: [], cpu: [] }])) as unknown as Record<
    Name,
    Times
  >;
  for (let round = -1; round < rounds; round++) {
    await pause(PAUSE_BETWEEN_ROUNDS_MS);
    for (const name of names) {
      await pause(PAUSE_MS);
      // Untimed for a moment: in a step, q, k and v were written just before and the processor is awake.
      for (const end = performance.now() + WARM_UP_MS; performance.now() < end; ) await peers[name]();
      const before = process.cpuUsage();
      const start = performance.now();
      await peers[name]();
      const wall = performance.now() - start;
      const { user, system } = process.cpuUsage(before);
      // Round −1 takes first-call costs.
      if (round < 0) continue;
      times[name].wall.push(wall);
      times[name].cpu.push((user + system) / 1000);
    }
  }
  return times;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over rounds of a ÷ b, both of the same round. */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / b[round]!));
}
