import { expect, test } from 'vitest';
import type { RunDetails, RunPicture } from '../../../electron/contract.ts';
import { attentionRequest as requestSchema } from '../../../electron/contract/attention.ts';
import {
  attentionRequest,
  offeredFractions,
  offeredSamples,
} from '../../../renderer/views/attention/attention-subject.ts';
import { aCalibration, aRun } from '../examples.ts';

const SEARCH = aCalibration().search!;

function runWith(pictures: readonly Pick<RunPicture, 'prompt' | 'seed' | 'negativePrompt'>[]): RunDetails {
  const files = { original: null, compressed: null, difference: null, metrics: null, applied: null };
  const seconds = { original: null, compressed: null };
  return {
    ...{ summary: aRun(), folder: '/runs/a', device: null, search: null, seconds: {}, schemes: [], sweep: [] },
    pictures: pictures.map((picture) => ({ ...picture, ...files, seconds })),
  };
}

test('samples are the run’s pictures, the calibration’s and the top bar’s, each once', () => {
  const run = runWith([
    { prompt: 'a cone', seed: 1 },
    { prompt: 'a cone', seed: 1, negativePrompt: 'fog' },
  ]);
  const calibration = aCalibration({
    search: { ...SEARCH, prompts: ['a ring', 'a cone'], seeds: [1], negativePrompt: 'fog' },
  });
  const own = [
    { prompt: 'a cone', seed: 1 },
    { prompt: '', seed: 0 },
  ];
  expect(offeredSamples(run, calibration, own)).toEqual([
    { prompt: 'a cone', seed: 1 },
    { prompt: 'a cone', seed: 1, negativePrompt: 'fog' },
    { prompt: 'a ring', seed: 1, negativePrompt: 'fog' },
  ]);
  expect(offeredSamples(null, null, own)).toEqual([own[0]]);
});

test('every window is drawn once, whatever it is used for, and no more than a request takes', () => {
  expect(offeredFractions(['full', 'cfg+arrow/16', 'arrow/8', 'arrow/8+residual', 'cfg', 'cached'])).toEqual([8, 16]);
  const many = Array.from({ length: 40 }, (_, n) => `arrow/${n + 2}+residual`);
  const selection = { step: 0, layer: 0, head: 0 };
  const subject = { sample: { prompt: 'a cone', seed: 0 }, scheme: null };
  const sampling = { steps: 3, guidance: 1, width: 64, height: 64 };
  const request = attentionRequest(null, subject, sampling, selection, offeredFractions(many));
  expect(requestSchema.parse(request).fractions).toHaveLength(16);
});
