import { expect, test } from 'vitest';
import { BoundedCache } from '../../../mmdit/files/bounded-cache.ts';

test('drops what was used longest ago when it is full', () => {
  const cache = new BoundedCache<Float32Array>(24, (value) => value.byteLength);
  const value = () => new Float32Array(2);
  cache.set('a', value());
  cache.set('b', value());
  cache.set('c', value());
  expect(cache.get('a')).toBeDefined();
  cache.set('d', value());
  expect(cache.get('b')).toBeUndefined();
  expect(cache.get('a')).toBeDefined();
  cache.set('a', new Float32Array(4));
  expect(cache.get('c')).toBeUndefined();
  expect(cache.get('d')).toBeDefined();
  cache.set('huge', new Float32Array(100));
  expect(cache.get('huge')).toBeUndefined();
  cache.clear();
  expect(cache.get('a')).toBeUndefined();
});
