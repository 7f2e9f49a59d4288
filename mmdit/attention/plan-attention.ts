import type { Device, HeadwiseAttentionCall, Tensor } from '../device/device.ts';
import type { AttentionCall, AttentionHook, AttentionLayer } from '../models/mmdit-model.ts';
import type { AppliedCall } from './applied-call.ts';
import { AttentionMemory } from './attention-memory.ts';
import type { AttentionPlan } from './attention-plan.ts';
import { FULL, type HeadMethod } from './method.ts';
import { neededHeads } from './needed-heads.ts';
import { type ResidualNeeds, residualNeeds } from './residual-needs.ts';

/**
 * Runs a plan: every layer's output and residuals live as long as the run and are written in place, so that cached heads
 * keep what they put out the step before. Without a plan, full attention everywhere.
 */
export class PlanAttention {
  /** Every call made so far. */
  readonly applied: AppliedCall[] = [];
  readonly #device: Device;
  readonly #layers: readonly AttentionLayer[];
  readonly #plan: AttentionPlan | null;
  readonly #needs: readonly (readonly ResidualNeeds[])[];
  readonly #memory: AttentionMemory;
  /** Without a plan nothing is kept, so a single buffer serves all layers of a shape. */
  #output: Tensor | null = null;

  /** The plan must fit: see `requirePlan`. */
  constructor(device: Device, layers: readonly AttentionLayer[], plan: AttentionPlan | null) {
    this.#device = device;
    this.#layers = layers;
    this.#plan = plan;
    this.#needs = plan ? residualNeeds(plan) : [];
    this.#memory = new AttentionMemory(device);
  }

  step(step: number): AttentionHook {
    const plan = this.#plan;
    if (!plan) return (call) => this.#full(step, call);
    const needs = (layer: number) => neededHeads(this.#methods(plan, step, layer));
    return Object.assign((call: AttentionCall) => this.#planned(plan, step, call), { needs });
  }

  close(): void {
    this.#memory.close();
    if (this.#output) this.#device.release(this.#output);
    this.#output = null;
  }

  #planned(plan: AttentionPlan, step: number, call: AttentionCall): Tensor {
    const methods = this.#methods(plan, step, call.layer);
    const made = this.#memory.attend(call, plan.block, methods);
    this.#record(step, call.layer, made);
    for (const [fraction, heads] of this.#needs[step]![call.layer]!)
      this.#memory.keepResiduals(call, plan.block, methods, fraction, (head) => heads.has(head));
    return made.out;
  }

  #methods(plan: AttentionPlan, step: number, layer: number): readonly HeadMethod[] {
    return plan.choices[step]![layer]!.map((choice) => plan.methods[choice]!);
  }

  #full(step: number, call: AttentionCall): Tensor {
    const { q, layer } = call;
    if (this.#output && !sameShape(this.#output, q)) {
      this.#device.release(this.#output);
      this.#output = null;
    }
    this.#output ??= this.#device.allocate(q.shape);
    const methods = new Array(this.#layers[layer]!.heads).fill(FULL);
    const block = this.#device.preferredBlock(q.shape[3] ?? 0);
    const made = { ...call, block, out: this.#output, methods };
    this.#device.headwiseAttention(made);
    this.#record(step, layer, made);
    return made.out;
  }

  #record(step: number, layer: number, { layout, block, methods }: HeadwiseAttentionCall): void {
    this.applied.push({ step, layer, layout, block, methods });
  }
}

function sameShape(a: Tensor, b: Tensor): boolean {
  return a.shape.length === b.shape.length && a.shape.every((length, axis) => length === b.shape[axis]);
}
