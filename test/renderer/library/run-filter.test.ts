import { expect, test } from 'vitest';
import { boundFacts, outcomeFacts, showTime } from '../../../renderer/views/library/run-facts.ts';
import { allTags, matchesSearch, parseTags } from '../../../renderer/views/library/run-filter.ts';
import { aRun } from '../examples.ts';

test('a search finds words in names, prompts, tags, models and kinds', () => {
  const run = aRun({ name: 'Night run', prompt: 'a red cube', tags: ['Baseline', 'figure 3'] });
  for (const search of ['', 'night', 'RED cube', 'demo', 'calibration red', '#base', 'figure', '#figure night'])
    expect(matchesSearch(run, search), search).toBe(true);
  for (const search of ['day', 'night day', '#night', 'sweep']) expect(matchesSearch(run, search), search).toBe(false);
});

test('tags: the most used first, each once, however they are typed', () => {
  expect(allTags([aRun({ tags: ['b', 'a'] }), aRun({ tags: ['b'] }), aRun()])).toEqual(['b', 'a']);
  expect(parseTags(' a, #b ,, a,c d')).toEqual(['a', 'b', 'c d']);
  expect(parseTags('')).toEqual([]);
});

test('facts tell runs apart', () => {
  expect(outcomeFacts(aRun({ lpips: 0.01 }))).toEqual(['63 % sparse', 'SSIM 0.978', 'LPIPS 0.010']);
  expect(outcomeFacts(aRun({ sparsity: null, ssim: null }))).toEqual(['256 × 256', '3 steps']);
  expect(boundFacts(aRun({ headConstraint: null }))).toEqual(['δ 0.2', 'c none']);
  expect(boundFacts(aRun({ delta: null }))).toEqual([]);
});

test('times: the hour today, the day before that', () => {
  const now = new Date(2026, 10, 23, 15, 0);
  expect(showTime(new Date(2026, 10, 23, 9, 5).toISOString(), now, 'en-GB')).toBe('09:05');
  expect(showTime(new Date(2026, 10, 3, 9, 5).toISOString(), now, 'en-GB')).toBe('3 Nov');
  expect(showTime(new Date(2025, 10, 3, 9, 5).toISOString(), now, 'en-GB')).toBe('3 Nov 2025');
  expect(showTime('not a time', now)).toBe('not a time');
});
