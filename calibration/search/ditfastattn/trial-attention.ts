import type { AttentionMemory } from '../../../mmdit/attention/attention-memory.ts';
import type { HeadMethod } from '../../../mmdit/attention/method.ts';
import type { BlockSize } from '../../../mmdit/attention/token-layout.ts';
import type { Device, Tensor } from '../../../mmdit/device/device.ts';
import type { AttentionCall, AttentionHook } from '../../../mmdit/models/mmdit-model.ts';

/** Attention that only tries: it reads what a run keeps from step to step, and leaves it as it is. */
export class TrialAttention {
  readonly #device: Device;
  readonly #memory: AttentionMemory;
  readonly #block: BlockSize;
  /** The model has read a layer's output before it is overwritten: ops run in order. */
  #scratch: Tensor | null = null;

  constructor(device: Device, memory: AttentionMemory, block: BlockSize) {
    this.#device = device;
    this.#memory = memory;
    this.#block = block;
  }

  /** All heads of a layer by its method. */
  hook(methods: readonly HeadMethod[]): AttentionHook {
    return (call) => {
      const method = methods[call.layer]!;
      return method.kind === 'cached' ? this.#memory.output(call) : this.#attend(call, method);
    };
  }

  close(): void {
    if (this.#scratch) this.#device.release(this.#scratch);
    this.#scratch = null;
  }

  #attend(call: AttentionCall, method: HeadMethod): Tensor {
    const { q, layer } = call;
    if (this.#scratch?.shape.join() !== q.shape.join()) this.close();
    this.#scratch ??= this.#device.allocate(q.shape);
    const [, , heads = 0] = q.shape;
    const residuals = this.#memory.residuals(layer);
    const methods = new Array<HeadMethod>(heads).fill(method);
    this.#device.headwiseAttention({ ...call, block: this.#block, out: this.#scratch, methods, residuals });
    return this.#scratch;
  }
}
