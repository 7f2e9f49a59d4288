import type { Device, Tensor } from '../device/device.ts';
import type { AttentionCall, AttentionHook, AttentionLayer } from '../models/mmdit-model.ts';
import type { AppliedCall } from './applied-call.ts';
import type { AttentionPlan } from './attention-plan.ts';
import { FULL, type HeadMethod } from './method.ts';

/**
 * Runs a plan: one output buffer per layer that lives as long as the run and is written in place, so that cached heads
 * keep what they put out the step before. Without a plan, full attention everywhere.
 */
export class PlanAttention {
  /** Every call made so far. */
  readonly applied: AppliedCall[] = [];
  readonly #device: Device;
  readonly #layers: readonly AttentionLayer[];
  readonly #plan: AttentionPlan | null;
  /** By layer where there is a plan; without one nothing is kept, so a single buffer per shape serves all layers. */
  readonly #outputs = new Map<number, Tensor>();

  /** The plan must fit: see `requirePlan`. */
  constructor(device: Device, layers: readonly AttentionLayer[], plan: AttentionPlan | null) {
    this.#device = device;
    this.#layers = layers;
    this.#plan = plan;
  }

  step(step: number): AttentionHook {
    return (call) => {
      const out = this.#output(call);
      const headDim = call.q.shape[3] ?? 0;
      const block = this.#plan?.block ?? this.#device.preferredBlock(headDim);
      const made = { ...call, block, out, methods: this.#methods(step, call.layer) };
      this.#device.headwiseAttention(made);
      this.applied.push({ step, layer: made.layer, layout: made.layout, block: made.block, methods: made.methods });
      return out;
    };
  }

  close(): void {
    this.#device.release(...this.#outputs.values());
    this.#outputs.clear();
  }

  #methods(step: number, layer: number): readonly HeadMethod[] {
    const plan = this.#plan;
    if (!plan) return new Array(this.#layers[layer]!.heads).fill(FULL);
    return plan.choices[step]![layer]!.map((choice) => plan.methods[choice]!);
  }

  #output(call: AttentionCall): Tensor {
    const slot = this.#plan ? call.layer : 0;
    const known = this.#outputs.get(slot);
    if (known && sameShape(known, call.q)) return known;
    if (known) this.#device.release(known);
    const output = this.#device.allocate(call.q.shape);
    this.#outputs.set(slot, output);
    return output;
  }
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.shape.length === b.shape.length && a.shape.every((length, axis) => length === b.shape[axis]);
}
