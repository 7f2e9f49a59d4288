export interface SyntheticTableSize {
  readonly steps: number;
  readonly layers: number;
  readonly heads: number;
}

export const SYNTHETIC_METHODS = ['full', 'arrow/8', 'arrow/16', 'arrow/32', 'cached'] as const;

/**
 * RSE as searches find them: log-normal over layers and heads, growing as the window shrinks, falling over the steps for
 * `cached`, whose neighbouring steps grow alike. `[steps, layers, methods, heads]`, repeatable.
 */
export function syntheticRse({ steps, layers, heads }: SyntheticTableSize, seed = 1): Float32Array {
  const normal = gaussian(seed);
  const methods = SYNTHETIC_METHODS.length;
  const rse = new Float32Array(steps * layers * methods * heads);
  const layerScale = Array.from({ length: layers }, () => -3.6 + 0.9 * normal());
  const headScale = Array.from({ length: layers * heads }, () => 1.3 * normal());
  for (let step = 0; step < steps; step++) {
    const late = step / Math.max(1, steps - 1);
    for (let layer = 0; layer < layers; layer++) {
      for (let head = 0; head < heads; head++) {
        const base = layerScale[layer]! + headScale[layer * heads + head]! + 0.3 * normal();
        const window = 0.5 + 0.2 * Math.abs(normal());
        const cached = step === 0 ? Number.NaN : Math.exp(-0.8 - 3.5 * late ** 0.5 + 0.9 * normal());
        const values = [0, Math.exp(base), Math.exp(base + window), Math.exp(base + 2 * window), cached];
        values.forEach((value, method) => {
          const allowed = step > 0 || method === 0;
          rse[((step * layers + layer) * methods + method) * heads + head] = allowed ? value : Number.NaN;
        });
      }
    }
  }
  return rse;
}

/** Uniform numbers in [0, 1) from a seed: mulberry32. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function gaussian(seed: number): () => number {
  const random = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
