import type { AttentionMapReply, AttentionMapRequest, JobRequest } from '../contract.ts';
import type { StepMaps } from './engine/engine-calls.ts';
import { canonical, type JobQueue } from './jobs/job-queue.ts';

/** Steps whose maps are kept: the one looked at, and some to go back to. */
const KEPT = 4;

/** Answers from the maps of steps computed before, and has the others computed as jobs. */
export class AttentionMaps {
  readonly #queue: JobQueue;
  readonly #title: (request: JobRequest) => Promise<string>;
  /** By everything but layer and head; the latest asked for is the last. */
  readonly #known = new Map<string, StepMaps>();

  constructor(queue: JobQueue, title: (request: JobRequest) => Promise<string>) {
    this.#queue = queue;
    this.#title = title;
  }

  async map(request: AttentionMapRequest): Promise<AttentionMapReply> {
    const known = this.#find(request);
    if (known) return known;
    const job = { kind: 'attention-map' as const, ...request };
    const { id } = this.#queue.start(job, await this.#title(job));
    const maps = (await this.#queue.finished(id)) as StepMaps;
    this.keep(request, maps);
    const found = this.#find(request);
    if (!found) throw new Error('The engine did not compute the map that was asked for');
    return found;
  }

  /** Maps of a job, whoever started it. */
  keep(request: AttentionMapRequest, maps: StepMaps): void {
    const key = keyOf(request);
    const others = (this.#known.get(key) ?? []).filter(
      (map) => !maps.some(({ layer, head }) => layer === map.layer && head === map.head),
    );
    this.#known.delete(key);
    this.#known.set(key, [...others, ...maps]);
    for (const oldest of [...this.#known.keys()].slice(0, Math.max(0, this.#known.size - KEPT))) {
      this.#known.delete(oldest);
    }
  }

  #find(request: AttentionMapRequest): AttentionMapReply | undefined {
    return this.#known.get(keyOf(request))?.find(({ layer, head }) => layer === request.layer && head === request.head);
  }
}

function keyOf({ model, sample, sampling, scheme, step, fractions }: AttentionMapRequest): string {
  return canonical({ model, sample, sampling, scheme, step, fractions });
}
