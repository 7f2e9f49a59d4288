import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { AttentionPlan } from '../../../mmdit/attention/attention-plan.ts';
import { CACHED, FULL } from '../../../mmdit/attention/method.ts';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import { PlanError } from '../../../mmdit/attention/plan-error.ts';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { PipelineBusyError } from '../../../mmdit/pipeline/exclusive.ts';
import { openPipeline } from '../../../mmdit/pipeline/open-pipeline.ts';
import type { GenerateProgress, Pipeline, Sample, Sampling } from '../../../mmdit/pipeline/pipeline.ts';
import { SamplingError } from '../../../mmdit/pipeline/sampling-error.ts';

const GOLDEN = 'test/golden/pipeline';

interface GoldenCall {
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly seed: number;
  readonly max_sequence_length: number;
  readonly flux_guidance: number;
}

const call: GoldenCall = JSON.parse(await readFile(`${GOLDEN}/pipeline.json`, 'utf8'));
const dumps = await SafetensorsFile.open(`${GOLDEN}/pipeline-dumps.safetensors`);
const golden = (name: string) => readFloats(dumps.tensor(`flux.${name}`));

const sampling: Sampling = {
  steps: call.steps,
  guidance: call.flux_guidance,
  width: call.width,
  height: call.height,
};
const sample: Sample = { prompt: call.prompt, seed: call.seed };

let device: CpuDevice;
let pipeline: Pipeline;
beforeAll(async () => {
  device = await CpuDevice.open();
  pipeline = await openPipeline(`${GOLDEN}/flux-pipeline-tiny`, device, { textTokens: call.max_sequence_length });
});
afterAll(async () => {
  await pipeline.close();
  await device.close();
});

/** ‖a − b‖ / ‖b‖ */
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let error = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(error / norm);
}

function worstDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}

/** A plan for the tiny model: the same methods in every layer of a step. */
function planOf(steps: readonly (readonly number[])[]): AttentionPlan {
  const layers = pipeline.layers.map(({ name }) => name);
  return {
    block: [32, 32],
    methods: [FULL, { kind: 'arrow', fraction: 8 }, CACHED],
    layers,
    choices: steps.map((heads) => layers.map(() => heads)),
  };
}

describe('FluxPipeline against diffusers', () => {
  it('has the same latents after every step', async () => {
    const attention = new PlanAttention(device, pipeline.layers, null);
    const seen: Float32Array[] = [];
    const latents = await pipeline.denoise({
      samples: [sample],
      sampling,
      attention: (step) => attention.step(step),
      afterStep: (_, values) => void seen.push(values.slice()),
    });
    attention.close();
    expect(seen).toHaveLength(call.steps);
    for (const [step, values] of seen.entries()) {
      expect(relative(values, await golden(`latents${step}`)), `step ${step}`).toBeLessThan(1e-4);
    }
    expect([...latents.values]).toEqual([...seen.at(-1)!]);
  });

  it('makes the same picture, and reports progress', async () => {
    const progress: GenerateProgress[] = [];
    const { images, notices, seconds } = await pipeline.generate({
      samples: [sample],
      sampling,
      onProgress: (event) => void progress.push(event),
    });
    const [image] = images;
    const planes = await golden('image');
    const count = call.width * call.height;
    expect(image).toMatchObject({ width: call.width, height: call.height });
    const expected = Array.from({ length: 3 * count }, (_, i) => planes[(i % 3) * count + Math.floor(i / 3)]! * 255);
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - image!.pixels[i]!)));
    expect(worst).toBeLessThan(0.51);
    expect(notices).toHaveLength(1);
    expect(seconds.denoise).toBeGreaterThan(0);
    expect(progress.map((event) => (event.stage === 'denoise' ? event.step : event.stage))).toEqual([
      'encode',
      ...Array.from({ length: call.steps + 1 }, (_, n) => n),
      'decode',
    ]);
  });

  it('gives each sample of a batch the picture that it has alone', async () => {
    const other = { prompt: 'a small blue cube', seed: 2 ** 33 + 5 };
    const alone = await pipeline.generate({ samples: [other], sampling });
    const both = await pipeline.generate({ samples: [sample, other], sampling });
    expect(both.images).toHaveLength(2);
    // Matrix products of two rows round otherwise than those of one: a value on the edge may fall to the other side.
    expect(worstDifference(both.images[1]!.pixels, alone.images[0]!.pixels)).toBeLessThanOrEqual(1);
    expect(worstDifference(both.images[0]!.pixels, alone.images[0]!.pixels)).toBeGreaterThan(10);
  });

  it('makes the same bytes every time', async () => {
    const [first, second] = [
      await pipeline.generate({ samples: [sample], sampling }),
      await pipeline.generate({ samples: [sample], sampling }),
    ];
    expect(first.images[0]!.pixels).toEqual(second.images[0]!.pixels);
  });
});

describe('plans', () => {
  it('of full attention change nothing', async () => {
    const plain = await pipeline.generate({ samples: [sample], sampling });
    const planned = await pipeline.generate({ samples: [sample], sampling, plan: planOf(Array(4).fill([0, 0, 0])) });
    expect(planned.images[0]!.pixels).toEqual(plain.images[0]!.pixels);
  });

  it('let cached heads keep the step before', async () => {
    // Cached in every head from step 1 on: the attention of step 0 must serve all steps.
    const plan = planOf([[0, 0, 0], ...Array(3).fill([2, 2, 2])]);
    const attention = new PlanAttention(device, pipeline.layers, plan);
    const outputs: Float32Array[][] = [];
    await pipeline.denoise({
      samples: [sample],
      sampling,
      attention: (step) => {
        const hook = attention.step(step);
        const ofStep: Float32Array[] = [];
        outputs.push(ofStep);
        return async (layerCall) => {
          const out = await hook(layerCall);
          ofStep.push(await device.download(out));
          return out;
        };
      },
    });
    attention.close();
    expect(outputs).toHaveLength(4);
    for (const ofStep of outputs) {
      expect(ofStep).toHaveLength(pipeline.layers.length);
      expect(ofStep).toEqual(outputs[0]);
    }
  });

  it.each([
    ['too few steps', () => planOf([[0, 0, 0]]), '1 steps'],
    ['cached at step 0', () => planOf(Array(4).fill([2, 0, 0])), 'step 0'],
    ['another number of heads', () => planOf(Array(4).fill([0, 0])), '2 heads'],
    ['a method it does not list', () => planOf(Array(4).fill([0, 7, 0])), 'method 7'],
    [
      'the layers of another model',
      () => ({ ...planOf(Array(4).fill([0, 0, 0])), layers: ['transformer_blocks.0.attn'] }),
      'another model',
    ],
  ])('with %s are refused', async (_, plan, message) => {
    const generated = pipeline.generate({ samples: [sample], sampling, plan: plan() });
    await expect(generated).rejects.toThrow(PlanError);
    await expect(generated).rejects.toThrow(message);
  });
});

describe('requests', () => {
  it('stop promptly when cancelled, and leave the pipeline usable', async () => {
    const controller = new AbortController();
    const generated = pipeline.generate({
      samples: [sample],
      sampling: { ...sampling, steps: 500 },
      signal: controller.signal,
      onProgress: (event) => {
        if (event.stage === 'denoise' && event.step === 2) controller.abort(new Error('enough'));
      },
    });
    await expect(generated).rejects.toThrow('enough');
    await expect(pipeline.generate({ samples: [sample], sampling })).resolves.toBeDefined();
  });

  it('that were cancelled before they began do nothing', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(pipeline.generate({ samples: [sample], sampling, signal })).rejects.toThrow('too late');
  });

  it('are refused while another runs', async () => {
    const first = pipeline.generate({ samples: [sample], sampling });
    await expect(pipeline.generate({ samples: [sample], sampling })).rejects.toThrow(PipelineBusyError);
    await first;
  });

  it('fail with the error of their hook', async () => {
    const denoised = pipeline.denoise({
      samples: [sample],
      sampling,
      attention: () => () => {
        throw new Error('hook failed');
      },
    });
    await expect(denoised).rejects.toThrow('hook failed');
  });

  it.each([
    [{ width: 100 }, 'width must be a multiple of 16 pixels, at most 16384; found 100'],
    [{ height: 0 }, 'height'],
    [{ steps: 0 }, 'steps'],
    [{ steps: 1.5 }, 'steps'],
    [{ guidance: Number.NaN }, 'guidance'],
  ])('with %o are refused', (change, message) => {
    const settings = { ...sampling, ...change };
    expect(() => pipeline.describeSampling(settings)).toThrow(SamplingError);
    expect(() => pipeline.describeSampling(settings)).toThrow(message);
  });

  it.each([[[]], [[{ prompt: 'x', seed: 0.5 }]], [[{ prompt: 'x', seed: -1 }]]])(
    'for the samples %o are refused',
    async (samples) => {
      await expect(pipeline.generate({ samples, sampling })).rejects.toThrow(SamplingError);
    },
  );
});

describe('the checkpoint', () => {
  it('says who it is and what it is made for', () => {
    expect(pipeline.identity).toMatchObject({ family: 'flux', name: 'flux-pipeline-tiny' });
    expect(pipeline.identity.fingerprint).toMatch(/^sha256:/);
    expect(pipeline.defaults).toEqual({ steps: 28, guidance: 3.5, width: 64, height: 64 });
    expect(pipeline.layers.map(({ name }) => name)).toEqual([
      'transformer_blocks.0.attn',
      'single_transformer_blocks.0.attn',
      'single_transformer_blocks.1.attn',
    ]);
  });

  it('of another pipeline is refused by name', async () => {
    await expect(openPipeline(`${GOLDEN}/flux-pipeline-tiny/transformer`, device)).rejects.toThrow('model_index.json');
    await expect(openPipeline('nowhere', device)).rejects.toThrow('nowhere');
  });

  it('of a class or with a part that is not known here is refused by name', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'flux-index-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const putIndex = (index: object) => writeFile(path.join(folder, 'model_index.json'), JSON.stringify(index));
    await putIndex({ _class_name: 'FluxFillPipeline' });
    await expect(openPipeline(folder, device)).rejects.toThrow(
      'is a FluxFillPipeline; supported here: FluxPipeline, StableDiffusion3Pipeline',
    );
    await putIndex({ _class_name: 'FluxPipeline', controlnet: ['diffusers', 'FluxControlNetModel'] });
    await expect(openPipeline(folder, device)).rejects.toThrow('field "controlnet" of FluxPipeline is not supported');
  });
});

describe('describeSampling', () => {
  it('counts tokens and lays out every layer, text first', () => {
    const description = pipeline.describeSampling(sampling);
    expect(description).toMatchObject({ textTokens: 32, imageTokens: 24, tokenOrder: 'text-first' });
    expect(description.layouts).toEqual(pipeline.layers.map(() => ({ text: 32, image: 24, order: 'text-first' })));
    expect(description.scheduler).toBe('FlowMatchEulerDiscreteScheduler');
  });
});
