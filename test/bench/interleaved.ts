import { setTimeout as pause } from 'node:timers/promises';

// ONNX Runtime's threads spin for a while after a run, and would take the cores from whoever comes next.
const PAUSE_MS = 25;

/** Milliseconds of every peer in every round. Peers take turns, so that whatever else the machine does hits all alike. */
export async function interleaved<Name extends string>(
  peers: Readonly<Record<Name, () => Promise<unknown>>>,
  rounds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(peers) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (const name of names) {
      await pause(PAUSE_MS);
      const start = performance.now();
      await peers[name]();
      // Round −1 warms caches and memory up.
      if (round >= 0) times[name].push(performance.now() - start);
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
