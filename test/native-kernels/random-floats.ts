/** Repeatable pseudo-normal numbers (sum of uniforms from mulberry32): a failing test fails again. */
export function randomFloats(count: number, seed: number, spread = 1): Float32Array {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.73 * spread,
  );
}
