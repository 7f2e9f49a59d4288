import { expect, test } from 'vitest';
import { jobRequest } from '../../../electron/contract/jobs.ts';
import { calibrateDemoRequest } from '../../../renderer/views/control-column/calibrate-demo.ts';
import { changedShare } from '../../../renderer/views/control-column/changed-share.ts';
import { confirmRequest } from '../../../renderer/views/control-column/confirm-request.ts';
import { aCalibration, aModel, someSettings } from '../examples.ts';

const TUNING = {
  delta: 0.7,
  headConstraint: null,
  granularity: 'layer',
  candidates: ['cached'],
  pins: [],
  cost: 'flops',
} as const;

test('Confirm searches at what the sliders say and judges by the pictures of the top bar', () => {
  const state = { calibration: aCalibration(), tuning: TUNING, settings: someSettings(), model: aModel() };
  expect(jobRequest.parse(confirmRequest(state))).toEqual({
    kind: 'confirm-search',
    run: 'a',
    delta: 0.7,
    headConstraint: null,
    granularity: 'layer',
    candidates: ['cached'],
    cost: 'flops',
    evaluate: [{ prompt: 'a red cube', seed: 0 }],
  });
});

test('a preview is as far from the search as heads that differ', () => {
  expect(changedShare(Uint8Array.of(0, 1, 2, 3), Uint8Array.of(0, 1, 3, 2))).toBe(0.5);
  expect(changedShare(new Uint8Array(), new Uint8Array())).toBe(0);
});

test('nothing is confirmed without a table, its search, or a candidate', () => {
  const state = { calibration: aCalibration(), tuning: TUNING, settings: someSettings(), model: aModel() };
  expect(confirmRequest({ ...state, calibration: null })).toBeNull();
  expect(confirmRequest({ ...state, calibration: aCalibration({ search: null }) })).toBeNull();
  expect(confirmRequest({ ...state, tuning: { ...TUNING, candidates: [] } })).toBeNull();
});

test('the demo is calibrated on its own prompts and judged by others', () => {
  const job = calibrateDemoRequest(aModel(), someSettings());
  expect(jobRequest.parse(job)).toMatchObject({
    kind: 'calibrate',
    model: null,
    prompts: ['b', 'c', 'd', 'e'],
    sampling: aModel().defaults,
    evaluate: [
      { prompt: 'a', seed: 0 },
      { prompt: 'g', seed: 0 },
    ],
  });
  expect(calibrateDemoRequest(aModel({ prompts: null }), someSettings())).toBeNull();
  expect(calibrateDemoRequest(aModel(), someSettings({ candidates: [] }))).toBeNull();
  // What another model was calibrated with last may need guidance that the demo has built in.
  const shared = someSettings({ candidates: ['arrow/8+residual', 'cfg', 'cfg+arrow/8'] });
  expect(calibrateDemoRequest(aModel(), shared)).toMatchObject({ candidates: ['arrow/8+residual'] });
});
