import type { CudaContext } from '../../../native-kernels/index.ts';
import type { CudaTensor } from './cuda-tensor.ts';

/** Weights on the card at once: one in use, and what comes next on its way. */
const SLOTS = 4;

/** A weight in the host's memory. */
export interface HostWeight {
  readonly host: number;
  readonly bytes: number;
  /** What was used after it last time: the order of a forward pass is the same at every step. */
  next: HostWeight | null;
}

interface Slot {
  readonly index: number;
  holds: HostWeight | null;
}

/**
 * Keeps weights in page-locked host memory and brings each to the card shortly before it is used, so that a card needs
 * memory for a few of them only. `place` allocates a slot's memory on the card.
 */
export class WeightOffload {
  readonly #context: CudaContext;
  readonly #allocate: (bytes: number) => CudaTensor;
  #slots: Slot[] = [];
  #memory: CudaTensor | null = null;
  #slotBytes = 0;
  #largest = 0;
  #last: HostWeight | null = null;

  constructor(context: CudaContext, allocate: (bytes: number) => CudaTensor) {
    this.#context = context;
    this.#allocate = allocate;
  }

  /** Moves a weight's bytes to the host; the caller gives the card's back. */
  keep(weight: CudaTensor, bytes: number): HostWeight {
    const host = this.#context.keepOnHost({ from: weight.place, count: bytes });
    this.#largest = Math.max(this.#largest, bytes);
    return { host, bytes, next: null };
  }

  forget(weight: HostWeight): void {
    for (const slot of this.#slots) if (slot.holds === weight) slot.holds = null;
    if (this.#last === weight) this.#last = null;
    this.#context.releaseHost(weight.host);
  }

  /** Calls `use` with the weight's place on the card, and sees to those that follow. */
  with(weight: HostWeight, use: (place: { readonly memory: number; readonly offset: number }) => void): void {
    this.#makeSlots();
    if (this.#last) this.#last.next = weight;
    this.#last = weight;
    const slot = this.#slotOf(weight) ?? this.#stage(weight, this.#victim([weight]));
    this.#context.awaitSlot({ slot: slot.index });
    use(this.#placeOf(slot));
    this.#context.leaveSlot({ slot: slot.index });
    const ahead = [weight];
    for (let next = weight.next; next && next !== weight && ahead.length < SLOTS; next = next.next) ahead.push(next);
    for (const next of ahead.slice(1)) if (!this.#slotOf(next)) this.#stage(next, this.#victim(ahead));
  }

  close(): void {
    this.#memory?.release();
    this.#memory = null;
    this.#slots = [];
  }

  #slotOf(weight: HostWeight): Slot | undefined {
    return this.#slots.find(({ holds }) => holds === weight);
  }

  /** A slot with nothing that is wanted soon. */
  #victim(wanted: readonly HostWeight[]): Slot {
    return this.#slots.find(({ holds }) => holds === null || !wanted.includes(holds))!;
  }

  #stage(weight: HostWeight, slot: Slot): Slot {
    this.#context.stage({ host: weight.host, to: this.#placeOf(slot), slot: slot.index });
    slot.holds = weight;
    return slot;
  }

  #placeOf(slot: Slot): { readonly memory: number; readonly offset: number } {
    return { memory: this.#memory!.place.memory, offset: slot.index * this.#slotBytes };
  }

  /** When the first weight is used, the largest is known; a model loaded later may bring larger ones. */
  #makeSlots(): void {
    if (this.#memory && this.#largest <= this.#slotBytes) return;
    this.#memory?.release();
    this.#slotBytes = Math.ceil(this.#largest / 256) * 256;
    this.#memory = this.#allocate(SLOTS * this.#slotBytes);
    this.#slots = Array.from({ length: SLOTS }, (_, index) => ({ index, holds: null }));
    // Their memory is there from here on in the main stream's order; copies wait for that.
    for (const { index } of this.#slots) this.#context.leaveSlot({ slot: index });
  }
}
