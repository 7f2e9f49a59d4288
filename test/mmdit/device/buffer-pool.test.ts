import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../../mmdit/device/buffer-pool.ts';

describe('BufferPool', () => {
  it('hands buffers of the same length out again', () => {
    const pool = new BufferPool(1024);
    const first = pool.take(4);
    pool.give(first);
    expect(pool.take(5)).not.toBe(first);
    expect(pool.take(4)).toBe(first);
    expect(pool.take(4)).not.toBe(first);
    expect(pool.allocations).toBe(3);
  });

  it('forgets the lengths longest not needed when it holds too much', () => {
    const pool = new BufferPool(4 * 20);
    const [a, b, c] = [pool.take(10), pool.take(9), pool.take(8)];
    for (const buffer of [a, b, c]) pool.give(buffer);
    expect(pool.take(8)).toBe(c);
    expect(pool.take(9)).toBe(b);
    expect(pool.take(10)).not.toBe(a);
  });

  it('keeps no buffer larger than itself', () => {
    const pool = new BufferPool(8);
    const large = pool.take(100);
    pool.give(large);
    expect(pool.take(100)).not.toBe(large);
  });
});
