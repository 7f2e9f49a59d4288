import { expect, test } from 'vitest';
import { takesNegativePrompt, whyUnguided } from '../../../renderer/state/negative-prompt.ts';
import { usableCandidates } from '../../../renderer/state/usable-candidates.ts';
import { aModel } from '../examples.ts';

const SD3 = aModel({ name: 'SD3.5', negativePromptsAbove: 1 });
const FLUX = aModel({ name: 'FLUX', negativePromptsAbove: null });

test('a model that has its guidance built in says so, another says from where on it has two halves', () => {
  expect(whyUnguided(SD3, { guidance: 5 })).toBeNull();
  expect(whyUnguided(SD3, { guidance: 1 })).toMatch(/begins above 1, and guidance is 1/);
  expect(whyUnguided(FLUX, { guidance: 3.5 })).toMatch(/^FLUX has its guidance built in/);
  expect([takesNegativePrompt(SD3, { guidance: 5 }), takesNegativePrompt(SD3, null)]).toEqual([true, false]);
  expect(takesNegativePrompt(FLUX, { guidance: 5 })).toBe(false);
});

test('what shares guidance is left out where there is nothing to share', () => {
  const candidates = ['arrow/8', 'arrow/8+residual', 'cfg', 'cfg+arrow/8', 'cfg+arrow/8+residual', 'cached'];
  expect(usableCandidates(candidates, true)).toEqual(candidates);
  expect(usableCandidates(candidates, false)).toEqual(['arrow/8', 'arrow/8+residual', 'cached']);
});
