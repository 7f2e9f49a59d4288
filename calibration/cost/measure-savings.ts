import { FULL, formatMethod, type HeadMethod, residualFractions } from '../../mmdit/attention/method.ts';
import type { BlockSize, TokenLayout } from '../../mmdit/attention/token-layout.ts';
import { tokenCount } from '../../mmdit/attention/token-layout.ts';
import type { Device, Tensor } from '../../mmdit/device/device.ts';
import type { Savings } from './savings.ts';

const RUNS = 5;

export interface MeasuredShape {
  readonly batch: number;
  readonly heads: number;
  readonly headDim: number;
  readonly block: BlockSize;
  /** One per layer. */
  readonly layouts: readonly TokenLayout[];
}

/**
 * Times every method on the device at the shape of every layer: seconds that one head saves against full attention, the
 * median of a few runs in which all heads use that method. Attention's time does not depend on the values.
 */
export async function measureSavings(
  device: Device,
  shape: MeasuredShape,
  methods: readonly HeadMethod[],
  signal?: AbortSignal,
): Promise<Extract<Savings, { source: 'measured' }>> {
  const known = new Map<string, Record<string, number>>();
  const layers: Record<string, number>[] = [];
  for (const layout of shape.layouts) {
    const key = `${layout.order} ${layout.text} ${layout.image}`;
    const savings = known.get(key) ?? (await measureLayout(device, shape, layout, methods, signal));
    known.set(key, savings);
    layers.push(savings);
  }
  return { source: 'measured', layers };
}

async function measureLayout(
  device: Device,
  { batch, heads, headDim, block }: MeasuredShape,
  layout: TokenLayout,
  methods: readonly HeadMethod[],
  signal: AbortSignal | undefined,
): Promise<Record<string, number>> {
  const shape = [batch, tokenCount(layout), heads, headDim];
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1)).map((_, n) => Math.sin(n));
  const tensors = [0, 1, 2].map(() => device.upload(values, shape));
  const out = device.allocate(shape);
  // Their values do not matter, only that they are read.
  const residuals = new Map(residualFractions(methods).map((fraction) => [fraction, tensors[0]!]));
  const [q, k, v] = tensors as [Tensor, Tensor, Tensor];
  const time = async (method: HeadMethod): Promise<number> => {
    const seconds: number[] = [];
    // The first run warms caches and clocks up, and is not counted.
    for (let run = 0; run <= RUNS; run++) {
      signal?.throwIfAborted();
      await device.finish();
      const started = performance.now();
      const all = new Array<HeadMethod>(heads).fill(method);
      device.headwiseAttention({ q, k, v, layout, block, out, methods: all, residuals });
      await device.finish();
      if (run > 0) seconds.push((performance.now() - started) / 1000);
    }
    return seconds.sort((a, b) => a - b)[RUNS >> 1]!;
  };
  try {
    const full = await time(FULL);
    const savings: Record<string, number> = {};
    for (const method of methods) {
      savings[formatMethod(method)] = method.kind === 'full' ? 0 : (full - (await time(method))) / heads;
    }
    return savings;
  } finally {
    device.release(...tensors, out);
  }
}
