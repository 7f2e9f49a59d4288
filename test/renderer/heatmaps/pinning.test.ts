import { describe, expect, it } from 'vitest';
import { PIN_SCOPES, pinAt, pinOf, withoutPinsAt } from '../../../renderer/views/heatmaps/pinning.ts';

const place = { step: 2, layer: 1, head: 3 };

describe('pins', () => {
  it.each(PIN_SCOPES)('of scope %s decide the place they were made at', (scope) => {
    const pin = pinAt(place, scope, 'cached');
    expect(pinOf([pin], place)).toBe(pin);
    expect(withoutPinsAt([pin], place)).toEqual([]);
  });

  it('the later of two wins, and both go when the place is unpinned', () => {
    const wide = pinAt(place, 'layer', 'full');
    const narrow = pinAt(place, 'head', 'cached');
    const other = pinAt({ ...place, layer: 0 }, 'head', 'cached');
    expect(pinOf([narrow, wide], place)).toBe(wide);
    expect(pinOf([wide, narrow], place)).toBe(narrow);
    expect(pinOf([wide, narrow], { ...place, head: 0 })).toBe(wide);
    expect(withoutPinsAt([wide, other, narrow], place)).toEqual([other]);
    expect(pinOf([wide, narrow], { ...place, step: 0 })).toBeNull();
  });
});
