import type { Device, HeadwiseAttentionCall, Tensor } from '../device/device.ts';
import type { AttentionCall } from '../models/mmdit-model.ts';
import { type ArrowMethod, CACHED, type HeadMethod, sharesGuidance } from './method.ts';
import type { BlockSize } from './token-layout.ts';

/**
 * What a run keeps of every layer from step to step: its output, in which cached heads stay, and by window the residual,
 * what full attention had over that arrow at each head's last full step.
 */
export class AttentionMemory {
  readonly #device: Device;
  readonly #outputs = new Map<number, Tensor>();
  /** By layer, then by window's fraction. */
  readonly #residuals = new Map<number, Map<number, Tensor>>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** Of a layer, as its last step left it; its content is undefined before the first. */
  output({ layer, q }: AttentionCall): Tensor {
    return this.#outputs.get(layer) ?? this.#allocate(this.#outputs, layer, q);
  }

  residuals(layer: number): ReadonlyMap<number, Tensor> {
    return this.#residuals.get(layer) ?? new Map();
  }

  /** Runs every head by its own method, and tells what the device was given. Its `out` stays the memory's own. */
  attend(call: AttentionCall, block: BlockSize, methods: readonly HeadMethod[]): HeadwiseAttentionCall {
    const made = { ...call, block, out: this.output(call), methods, residuals: this.residuals(call.layer) };
    this.#device.headwiseAttention(made);
    return made;
  }

  /** After `attend` with these methods: keeps the residual over 1/fraction of the full heads that `isKept` names. */
  keepResiduals(
    call: AttentionCall,
    block: BlockSize,
    methods: readonly HeadMethod[],
    fraction: number,
    isKept: (head: number) => boolean,
  ): void {
    const arrows = methods.map((method, head) => (method.kind === 'full' && isKept(head) ? over(method) : CACHED));
    if (!arrows.some(({ kind }) => kind === 'arrow')) return;
    const byFraction = this.#residuals.get(call.layer) ?? new Map<number, Tensor>();
    this.#residuals.set(call.layer, byFraction);
    const out = byFraction.get(fraction) ?? this.#allocate(byFraction, fraction, call.q);
    this.#device.headwiseAttention({ ...call, block, out, methods: arrows, subtractFrom: this.output(call) });

    function over(full: HeadMethod): ArrowMethod {
      return { kind: 'arrow', fraction, ...(sharesGuidance(full) && { sharesGuidance: true }) };
    }
  }

  close(): void {
    const residuals = [...this.#residuals.values()].flatMap((byFraction) => [...byFraction.values()]);
    this.#device.release(...this.#outputs.values(), ...residuals);
    this.#outputs.clear();
    this.#residuals.clear();
  }

  #allocate(into: Map<number, Tensor>, key: number, like: Tensor): Tensor {
    const tensor = this.#device.allocate(like.shape);
    into.set(key, tensor);
    return tensor;
  }
}
