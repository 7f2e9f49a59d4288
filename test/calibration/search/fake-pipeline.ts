import type { HeadMethod } from '../../../mmdit/attention/method.ts';
import { tokenCount } from '../../../mmdit/attention/token-layout.ts';
import type {
  AttentionErrorSums,
  Device,
  HeadwiseAttentionCall,
  MeasureAttentionCall,
  Shape,
  Tensor,
} from '../../../mmdit/device/device.ts';
import type { DenoiseRequest, Latents, Pipeline } from '../../../mmdit/pipeline/pipeline.ts';

export const HEADS = 3;
export const HEAD_DIM = 8;
export const LAYERS = ['transformer_blocks.0.attn', 'single_transformer_blocks.0.attn'];
const LAYOUT = { text: 2, image: 62, order: 'text-first' } as const;
const TOKENS = tokenCount(LAYOUT);

export interface FakeTensor extends Tensor {
  readonly data: Float32Array;
}

/** What a head puts out under a method: not attention, but different for every method, head and input. */
export function fakeHead(input: number, method: HeadMethod, head: number): number {
  const full = Math.tanh(input * (1 + 0.3 * head));
  if (method.kind !== 'arrow') return full;
  return full + 0.01 * method.fraction * (head + 0.5) * Math.sin(3 * input);
}

export interface FakeCounts {
  measured: number;
  attended: number;
  live: number;
}

/** A device whose "attention" is a formula per element, in a few lines that a test can repeat. */
export function fakeDevice(counts: FakeCounts): Device {
  const device = {
    freeBytes: 2 ** 30,
    info: { kind: 'cpu', name: 'fake', computeDtype: 'f32', memoryBytes: 2 ** 30 },
    preferredBlock: () => [8, 8],
    requireBlock: () => {},
    allocate: (shape: Shape): FakeTensor => {
      counts.live += 1;
      return { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(Number.NaN) };
    },
    upload: (data: Float32Array, shape: Shape): FakeTensor => {
      counts.live += 1;
      return { shape, data };
    },
    release: (...tensors: Tensor[]) => {
      counts.live -= tensors.length;
    },
    finish: () => Promise.resolve(),
    abort: () => {},
    headwiseAttention: ({ q, out, methods }: HeadwiseAttentionCall) => {
      counts.attended += 1;
      const [input, output] = [(q as FakeTensor).data, (out as FakeTensor).data];
      input.forEach((value, at) => {
        const head = Math.floor(at / HEAD_DIM) % HEADS;
        const method = methods[head]!;
        if (method.kind !== 'cached') output[at] = fakeHead(value, method, head);
      });
    },
    measureAttention: ({ q, fractions, previous }: MeasureAttentionCall): Promise<AttentionErrorSums> => {
      counts.measured += 1;
      const input = (q as FakeTensor).data;
      const sums = {
        count: input.length / HEADS,
        sum: new Float64Array(HEADS),
        sumOfSquares: new Float64Array(HEADS),
        arrow: fractions.map(() => new Float64Array(HEADS)),
        cached: previous ? new Float64Array(HEADS) : null,
      };
      input.forEach((value, at) => {
        const head = Math.floor(at / HEAD_DIM) % HEADS;
        const full = Math.fround(fakeHead(value, { kind: 'full' }, head));
        sums.sum[head]! += full;
        sums.sumOfSquares[head]! += full * full;
        fractions.forEach((fraction, n) => {
          sums.arrow[n]![head]! += (Math.fround(fakeHead(value, { kind: 'arrow', fraction }, head)) - full) ** 2;
        });
        if (previous) sums.cached![head]! += ((previous as FakeTensor).data[at]! - full) ** 2;
      });
      return Promise.resolve(sums);
    },
  };
  return device as unknown as Device;
}

/** Input of a layer at a step, from the state that earlier layers left. */
export function fakeInput(state: Float32Array, step: number, layer: number): Float32Array {
  return state.map((value, at) => value + 0.2 * Math.sin(step * 0.4 + layer + at * 0.01));
}

export function fakeState(samples: DenoiseRequest['samples']): Float32Array {
  const size = TOKENS * HEADS * HEAD_DIM;
  return Float32Array.from({ length: samples.length * size }, (_, at) => {
    const { prompt, seed } = samples[Math.floor(at / size)]!;
    return Math.sin(at * 1.7 + seed + prompt.length);
  });
}

export interface FakePipeline extends Pipeline {
  readonly counts: FakeCounts;
  /** Final state of the last denoise. */
  readonly final: () => Float32Array;
}

/** A two-layer "model" whose every layer adds a part of its attention to the state. */
export function fakePipeline(options: { readonly pauseMs?: number; readonly fingerprint?: string } = {}): FakePipeline {
  const counts = { measured: 0, attended: 0, live: 0 };
  const device = fakeDevice(counts);
  let final: Float32Array = new Float32Array();
  const denoise = async (request: DenoiseRequest): Promise<Latents> => {
    const state = fakeState(request.samples);
    const shape = [request.samples.length, TOKENS, HEADS, HEAD_DIM];
    request.onProgress?.({ stage: 'encode' });
    for (let step = 0; step < request.sampling.steps; step++) {
      const hook = request.attention(step);
      for (let layer = 0; layer < LAYERS.length; layer++) {
        request.signal?.throwIfAborted();
        if (options.pauseMs) await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
        const q = device.upload(fakeInput(state, step, layer), shape);
        const out = (await hook({ layer, layout: LAYOUT, q, k: q, v: q })) as FakeTensor;
        out.data.forEach((value, at) => {
          state[at]! += 0.25 * value;
        });
        device.release(q);
      }
      await request.afterStep?.(step, state);
    }
    final = state;
    return { samples: request.samples.length, values: state, shape, sampling: request.sampling };
  };
  const pipeline = {
    identity: { family: 'flux', name: 'fake', fingerprint: options.fingerprint ?? 'sha256:fake' },
    device,
    layers: LAYERS.map((name) => ({ name, heads: HEADS, headDim: HEAD_DIM, layout: () => LAYOUT })),
    defaults: { steps: 6, guidance: 3.5, width: 64, height: 64 },
    describeSampling: (sampling: DenoiseRequest['sampling']) => ({
      ...sampling,
      scheduler: 'fake',
      textTokens: LAYOUT.text,
      imageTokens: LAYOUT.image,
      tokenOrder: LAYOUT.order,
      layouts: LAYERS.map(() => LAYOUT),
    }),
    denoise,
    counts,
    final: () => final,
  };
  return pipeline as unknown as FakePipeline;
}
