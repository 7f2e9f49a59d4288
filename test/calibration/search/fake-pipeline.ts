import { type HeadMethod, residualFraction, sharesGuidance } from '../../../mmdit/attention/method.ts';
import { tokenCount } from '../../../mmdit/attention/token-layout.ts';
import type {
  AttentionErrorSums,
  Device,
  HeadwiseAttentionCall,
  MeasureAttentionCall,
  Shape,
  Tensor,
} from '../../../mmdit/device/device.ts';
import type { AttentionHook } from '../../../mmdit/models/mmdit-model.ts';
import type { DenoiseRequest, Latents, Pipeline } from '../../../mmdit/pipeline/pipeline.ts';

export const HEADS = 3;
export const HEAD_DIM = 8;
export const LAYERS = ['transformer_blocks.0.attn', 'single_transformer_blocks.0.attn'];
const LAYOUT = { text: 2, image: 62, order: 'text-first' } as const;
const TOKENS = tokenCount(LAYOUT);
/** Elements of one sample. */
const SAMPLE = TOKENS * HEADS * HEAD_DIM;

export interface FakeTensor extends Tensor {
  readonly data: Float32Array;
}

/** What a head computes under a method: not attention, but different for every method, head and input. */
export function fakeHead(input: number, method: HeadMethod, head: number): number {
  const full = Math.tanh(input * (1 + 0.3 * head));
  if (method.kind !== 'arrow') return full;
  return full + 0.01 * method.fraction * (head + 0.5) * Math.sin(3 * input);
}

export interface FakeCounts {
  measured: number;
  attended: number;
  /** Passes made for their outcome alone. */
  predicted: number;
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
    /** A copy would do as well: what is looked at so is only read. */
    samples: ({ shape, data }: FakeTensor, begin: number, end: number): FakeTensor => {
      counts.live += 1;
      const each = data.length / shape[0]!;
      return { shape: [end - begin, ...shape.slice(1)], data: data.subarray(begin * each, end * each) };
    },
    headwiseAttention: ({ q, out, methods, residuals, subtractFrom }: HeadwiseAttentionCall) => {
      counts.attended += 1;
      const [input, output] = [(q as FakeTensor).data, (out as FakeTensor).data];
      const computed = input.map((value, at) => {
        const head = Math.floor(at / HEAD_DIM) % HEADS;
        const method = methods[head]!;
        const own = Math.fround(fakeHead(value, method, head));
        if (subtractFrom) return (subtractFrom as FakeTensor).data[at]! - own;
        const fraction = residualFraction(method);
        return fraction === null ? own : own + (residuals!.get(fraction) as FakeTensor).data[at]!;
      });
      output.forEach((_, at) => {
        const method = methods[Math.floor(at / HEAD_DIM) % HEADS]!;
        if (method.kind !== 'cached')
          output[at] = computed[sharesGuidance(method) ? guidedTwin(at, input.length) : at]!;
      });
    },
    measureAttention: ({ q, fractions, residuals, references }: MeasureAttentionCall): Promise<AttentionErrorSums> => {
      counts.measured += 1;
      const input = (q as FakeTensor).data;
      const sums = {
        count: input.length / HEADS,
        sum: new Float64Array(HEADS),
        sumOfSquares: new Float64Array(HEADS),
        arrow: fractions.map(() => new Float64Array(HEADS)),
        withResidual: fractions.map((fraction) => (residuals.has(fraction) ? new Float64Array(HEADS) : null)),
        references: references.map(() => new Float64Array(HEADS)),
      };
      input.forEach((value, at) => {
        const head = Math.floor(at / HEAD_DIM) % HEADS;
        const full = Math.fround(fakeHead(value, { kind: 'full' }, head));
        sums.sum[head]! += full;
        sums.sumOfSquares[head]! += full * full;
        fractions.forEach((fraction, n) => {
          const own = Math.fround(fakeHead(value, { kind: 'arrow', fraction }, head));
          sums.arrow[n]![head]! += (own - full) ** 2;
          const residual = residuals.get(fraction) as FakeTensor | undefined;
          if (residual) sums.withResidual[n]![head]! += (Math.fround(own + residual.data[at]!) - full) ** 2;
        });
        references.forEach((reference, n) => {
          sums.references[n]![head]! += ((reference as FakeTensor).data[at]! - full) ** 2;
        });
      });
      return Promise.resolve(sums);
    },
  };
  return device as unknown as Device;
}

/** Where the guided half has what a sharing head computes for an element. */
export function guidedTwin(at: number, count: number): number {
  return at < count / 2 ? at + count / 2 : at;
}

/** Input of a layer at a step, from the state that earlier layers left. */
export function fakeInput(state: Float32Array, step: number, layer: number): Float32Array {
  return state.map((value, at) => value + 0.2 * Math.sin(step * 0.4 + layer + (at % SAMPLE) * 0.01));
}

export function fakeState(samples: DenoiseRequest['samples']): Float32Array {
  return Float32Array.from({ length: samples.length * SAMPLE }, (_, at) => {
    const { prompt, seed } = samples[Math.floor(at / SAMPLE)]!;
    return Math.sin((at % SAMPLE) * 1.7 + seed + prompt.length);
  });
}

/** Unguided samples first, a little unlike their guided twins. */
export function withUnguided(samples: DenoiseRequest['samples']): DenoiseRequest['samples'] {
  return [...samples.map((sample) => ({ ...sample, seed: sample.seed + 0.05 })), ...samples];
}

export interface FakePipeline extends Pipeline {
  readonly counts: FakeCounts;
  /** Final state of the last denoise. */
  readonly final: () => Float32Array;
}

export interface FakeOptions {
  readonly pauseMs?: number;
  readonly fingerprint?: string;
  /** Classifier-free guidance: every sample also runs unguided, in the first half of the batch. */
  readonly guided?: boolean;
}

/** A two-layer "model" whose every layer adds a part of its attention to the state. */
export function fakePipeline(options: FakeOptions = {}): FakePipeline {
  const counts = { measured: 0, attended: 0, predicted: 0, live: 0 };
  const device = fakeDevice(counts);
  let final: Float32Array = new Float32Array();
  const denoise = async (request: DenoiseRequest): Promise<Latents> => {
    const samples = options.guided ? withUnguided(request.samples) : request.samples;
    const state = fakeState(samples);
    const shape = [samples.length, TOKENS, HEADS, HEAD_DIM];
    request.onProgress?.({ stage: 'encode' });
    const forward = async (from: Float32Array, step: number, hook: AttentionHook): Promise<void> => {
      for (let layer = 0; layer < LAYERS.length; layer++) {
        request.signal?.throwIfAborted();
        if (options.pauseMs) await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
        const q = device.upload(fakeInput(from, step, layer), shape);
        const out = (await hook({ layer, layout: LAYOUT, q, k: q, v: q })) as FakeTensor;
        out.data.forEach((value, at) => {
          from[at]! += 0.25 * value;
        });
        device.release(q);
      }
    };
    for (let step = 0; step < request.sampling.steps; step++) {
      await request.beforeStep?.(step, async (hook) => {
        counts.predicted += 1;
        const tried = state.slice();
        await forward(tried, step, hook);
        return tried;
      });
      await forward(state, step, request.attention(step));
      await request.afterStep?.(step, state);
    }
    final = state;
    return { samples: request.samples.length, values: state, shape, sampling: request.sampling };
  };
  const pipeline = {
    identity: { family: 'flux', name: 'fake', fingerprint: options.fingerprint ?? 'sha256:fake' },
    device,
    layers: LAYERS.map((name) => ({ name, heads: HEADS, headDim: HEAD_DIM, layout: () => LAYOUT })),
    negativePromptsAbove: options.guided ? 1 : null,
    usesNegativePrompts: () => options.guided ?? false,
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
