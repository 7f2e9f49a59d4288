import { expect, test } from 'vitest';
import type { RunDetails, RunPicture } from '../../../electron/contract.ts';
import { offeredSamples } from '../../../renderer/views/attention/attention-subject.ts';
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
