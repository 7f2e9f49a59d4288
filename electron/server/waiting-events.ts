import type { Frame } from '../contract/wire-codec.ts';
import type { WorkbenchEvent } from '../contract.ts';

/**
 * Events that a client is too slow to take now, in their order. A newer one about the same thing replaces the older,
 * so there are never more than things to tell about.
 */
export class WaitingEvents {
  readonly #frames = new Map<string, Frame>();

  get size(): number {
    return this.#frames.size;
  }

  add(event: WorkbenchEvent, frame: Frame): void {
    for (const key of replacedBy(event)) this.#frames.delete(key);
    this.#frames.set(keyOf(event), frame);
  }

  /** The oldest, which waits no longer. */
  take(): Frame | undefined {
    const first = this.#frames.entries().next();
    if (first.done) return undefined;
    this.#frames.delete(first.value[0]);
    return first.value[1];
  }
}

function keyOf(event: WorkbenchEvent): string {
  switch (event.event) {
    case 'job.changed':
    case 'job.removed':
      return `job ${jobOf(event)}`;
    case 'job.progress':
      return `progress ${event.payload.id}`;
    case 'runs.changed':
      return `run ${event.payload.run}`;
    case 'models.changed':
    case 'settings.changed':
      return event.event;
    default:
      return event satisfies never;
  }
}

function replacedBy(event: WorkbenchEvent): string[] {
  const own = keyOf(event);
  // A job's state tells its progress too.
  return event.event === 'job.changed' || event.event === 'job.removed' ? [own, `progress ${jobOf(event)}`] : [own];
}

function jobOf(event: WorkbenchEvent & { event: 'job.changed' | 'job.removed' }): string {
  return event.event === 'job.changed' ? event.payload.job.id : event.payload.id;
}
