import { expect, test } from 'vitest';
import { jobRequest } from '../../../electron/contract/jobs.ts';
import {
  type CalibrationForm,
  calibrationRequest,
  formProblems,
  parseFraction,
  parsePrompts,
  parseSeeds,
} from '../../../renderer/views/top-bar/calibration-form.ts';
import { initialForm } from '../../../renderer/views/top-bar/initial-form.ts';
import { aModel, someSettings } from '../examples.ts';

const FORM: CalibrationForm = {
  name: ' first ',
  prompts: 'a red cube\n\n  two spheres \na red cube',
  seeds: '0, 3 3',
  negativePrompt: ' ',
  delta: 0.2,
  headConstraint: null,
  granularity: 'layer',
  candidates: ['arrow/8', 'cached'],
  cost: 'measured',
  evaluate: true,
};
const SAMPLING = { steps: 4, guidance: 3.5, width: 256, height: 256 };
const SAMPLES = [{ prompt: 'a cone', seed: 9 }];

test('a form makes a request that the contract takes', () => {
  const job = calibrationRequest(FORM, { model: null, sampling: SAMPLING, samples: SAMPLES });
  expect(jobRequest.parse(job)).toEqual({
    kind: 'calibrate',
    name: 'first',
    model: null,
    prompts: ['a red cube', 'two spheres'],
    seeds: [0, 3],
    sampling: SAMPLING,
    delta: 0.2,
    headConstraint: null,
    granularity: 'layer',
    candidates: ['arrow/8', 'cached'],
    cost: 'measured',
    evaluate: SAMPLES,
  });
  const plain = calibrationRequest(
    { ...FORM, name: ' ', evaluate: false },
    { model: 'm', sampling: SAMPLING, samples: SAMPLES },
  );
  expect(plain).not.toHaveProperty('name');
  expect(plain).toMatchObject({ model: 'm', evaluate: [] });
});

test('what is missing is named, and nothing is sent', () => {
  const broken = { ...FORM, prompts: ' \n', seeds: 'x', candidates: [] };
  expect(Object.keys(formProblems(broken))).toEqual(['prompts', 'seeds', 'candidates']);
  expect(formProblems({ ...FORM, seeds: '' }).seeds).toContain('At least one');
  expect(formProblems(FORM)).toEqual({});
  expect(calibrationRequest(broken, { model: null, sampling: SAMPLING, samples: SAMPLES })).toBeNull();
});

test('prompts are lines, seeds are whole numbers, arrows are fractions', () => {
  expect(parsePrompts('a\r\nb\n')).toEqual(['a', 'b']);
  expect(parseSeeds('1;2 , 3')).toEqual([1, 2, 3]);
  expect(parseSeeds('-1')).toBeNull();
  expect(parseSeeds('1.5')).toBeNull();
  expect([parseFraction('64'), parseFraction('1/64'), parseFraction(' arrow/64 ')]).toEqual(Array(3).fill(64));
  expect([parseFraction('0'), parseFraction(''), parseFraction('1e3'), parseFraction('12345')]).toEqual(
    Array(4).fill(null),
  );
});

test('the dialog begins with the model’s prompts and the open table’s bounds', () => {
  const settings = someSettings({ samples: [{ prompt: 'mine', seed: 1 }] });
  const tuning = {
    delta: 0.7,
    headConstraint: null,
    granularity: 'layer',
    candidates: ['cached'],
    pins: [],
    cost: 'flops',
  } as const;
  const currentSampling = () => aModel().defaults;
  const form = initialForm({ settings, model: aModel(), tuning, currentSampling });
  expect(form).toMatchObject({ prompts: 'b\nc\nd\ne', delta: 0.7, headConstraint: null, candidates: ['cached'] });
  const noPrompts = initialForm({ settings, model: aModel({ prompts: null }), tuning: null, currentSampling });
  expect(noPrompts).toMatchObject({ prompts: 'mine', delta: 0.2, headConstraint: 1.5 });
});

test('a negative prompt is remembered where the model takes one, and goes along where it says something', () => {
  const settings = someSettings({ negativePrompt: 'fog' });
  const begin = (negativePromptsAbove: number | null, guidance: number) => {
    const currentSampling = () => ({ ...SAMPLING, guidance });
    return initialForm({ settings, model: aModel({ negativePromptsAbove }), tuning: null, currentSampling });
  };
  expect(begin(1, 5).negativePrompt).toBe('fog');
  expect(begin(1, 1).negativePrompt).toBe('');
  expect(begin(null, 5).negativePrompt).toBe('');
  const circumstances = { model: null, sampling: SAMPLING, samples: SAMPLES };
  expect(calibrationRequest(FORM, circumstances)).not.toHaveProperty('negativePrompt');
  const job = calibrationRequest({ ...FORM, negativePrompt: 'fog' }, circumstances);
  expect(jobRequest.parse(job)).toMatchObject({ negativePrompt: 'fog' });
});
