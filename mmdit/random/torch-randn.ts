import { logFloat32, sinCosFloat32 } from './cephes-float32.ts';
import { MersenneTwister } from './mersenne-twister.ts';

/** From here on PyTorch fills in blocks of 16 by a vectorised Box–Muller; below, one draw at a time. */
const BLOCK = 16;
const HALF = 8;

/**
 * The stream of `torch.randn(count)` on a CPU `torch.Generator` seeded with `seed`: bit for bit that of PyTorch's AVX2
 * kernels, which x86 processors run. On others PyTorch's own last bits differ.
 */
export function torchRandn(count: number, seed: bigint | number): Float32Array {
  const generator = new MersenneTwister(BigInt(seed));
  return count >= BLOCK ? fillInBlocks(generator, count, FLOAT32) : fillOneByOne(generator, count);
}

/** `torch.randn(count, dtype=torch.bfloat16)`, as the values that bfloat16 holds. Another stream than float32's. */
export function torchRandnBfloat16(count: number, seed: bigint | number): Float32Array {
  const generator = new MersenneTwister(BigInt(seed));
  if (count >= BLOCK) return fillInBlocks(generator, count, BFLOAT16);
  return fillOneByOne(generator, count).map(roundToBfloat16);
}

/** PyTorch draws as many bits as the dtype's mantissa holds and rounds every intermediate to the dtype. */
interface Precision {
  readonly mantissaBits: number;
  readonly round: (value: number) => number;
  readonly log: (value: number) => number;
  /** Sine and cosine of a whole turn's fraction in [0, 1). */
  readonly sinCosOfTurn: (turn: number) => readonly [sin: number, cos: number];
}

const FLOAT32_TURN = Math.fround(2 * Math.PI);

const FLOAT32: Precision = {
  mantissaBits: 24,
  round: Math.fround,
  log: logFloat32,
  sinCosOfTurn: (turn) => sinCosFloat32(Math.fround(FLOAT32_TURN * turn)),
};

const BFLOAT16: Precision = {
  mantissaBits: 8,
  round: roundToBfloat16,
  log: (value) => roundToBfloat16(Math.log(value)),
  sinCosOfTurn: (turn) => {
    const angle = roundToBfloat16(2 * Math.PI * turn);
    return [roundToBfloat16(Math.sin(angle)), roundToBfloat16(Math.cos(angle))];
  },
};

function fillInBlocks(generator: MersenneTwister, count: number, precision: Precision): Float32Array {
  const grid = 2 ** precision.mantissaBits;
  const uniform = () => (generator.nextUint32() & (grid - 1)) / grid;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = uniform();
  for (let start = 0; start + BLOCK <= count; start += BLOCK) boxMullerBlock(values, start, precision);
  if (count % BLOCK !== 0) {
    // The ragged end is drawn anew, as a whole block that ends at the last value.
    const start = count - BLOCK;
    for (let i = start; i < count; i++) values[i] = uniform();
    boxMullerBlock(values, start, precision);
  }
  return values;
}

function boxMullerBlock(values: Float32Array, start: number, { round, log, sinCosOfTurn }: Precision): void {
  for (let j = start; j < start + HALF; j++) {
    const radius = round(Math.sqrt(round(-2 * log(round(1 - values[j]!)))));
    const [sin, cos] = sinCosOfTurn(values[j + HALF]!);
    // PyTorch adds the mean, 0, which makes a 0 of −0.
    values[j] = round(radius * cos) + 0;
    values[j + HALF] = round(radius * sin) + 0;
  }
}

/** `at::normal_distribution<double>`: 53-bit uniforms from two draws, the second normal of a pair kept for the next call. */
function fillOneByOne(generator: MersenneTwister, count: number): Float32Array {
  const values = new Float32Array(count);
  let spare: number | null = null;
  for (let i = 0; i < count; i++) {
    if (spare !== null) {
      values[i] = spare;
      spare = null;
      continue;
    }
    const u1 = uniform53(generator);
    const u2 = uniform53(generator);
    const radius = Math.sqrt(-2 * Math.log1p(-u2));
    const angle = 2 * Math.PI * u1;
    spare = radius * Math.sin(angle);
    values[i] = radius * Math.cos(angle);
  }
  return values;
}

/** Uniform in [0, 1) on a grid of 2⁻⁵³, from a 64-bit draw whose high word comes first. */
function uniform53(generator: MersenneTwister): number {
  const high = generator.nextUint32();
  const low = generator.nextUint32();
  return ((high & 0x1fffff) * 0x100000000 + low) / 0x20000000000000;
}

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** Round to nearest even on the upper 16 bits of a float32. */
function roundToBfloat16(value: number): number {
  asFloat[0] = value;
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return asFloat[0]!;
}
