/**
 * Logarithm, sine and cosine in float32 by the Cephes polynomials (S. Moshier), with a fused multiply-add wherever the
 * compiler of PyTorch's AVX2 kernels makes one: correctly rounded functions would give other last bits than torch.randn.
 */
const f32 = Math.fround;

/** The product of two float32 is exact in float64, so that only the sum and the last step round. */
const fma = (a: number, b: number, c: number) => f32(a * b + c);

const polynomial = (coefficients: readonly number[], x: number) =>
  coefficients.reduce((sum, coefficient) => fma(sum, x, coefficient));

const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f32);
const SQRT_HALF = f32(Math.SQRT1_2);
/** ln 2 in two parts. */
const LN2_LOW = f32(-2.1219444e-4);
const LN2_HIGH = f32(0.693359375);

const bits = new Int32Array(1);
const asFloat = new Float32Array(bits.buffer);

/** ln x of a positive, normal float32. */
export function logFloat32(x: number): number {
  asFloat[0] = x;
  let exponent = (bits[0]! >> 23) - 126;
  bits[0] = (bits[0]! & 0x007fffff) | 0x3f000000;
  let m = asFloat[0]!;
  if (m < SQRT_HALF) {
    exponent -= 1;
    m = f32(f32(m - 1) + m);
  } else m = f32(m - 1);
  const square = f32(m * m);
  const curve = f32(polynomial(LOG, m) * m);
  const small = fma(-square, 0.5, fma(curve, square, f32(exponent * LN2_LOW)));
  return fma(exponent, LN2_HIGH, f32(m + small));
}

const FOUR_OVER_PI = f32(4 / Math.PI);
/** −π/4 in three parts. */
const MINUS_QUARTER_PI = [-0.78515625, -2.4187564849853516e-4, -3.774894977445941e-8].map(f32);
const COSINE = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f32);
const SINE = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f32);

/** Sine and cosine of a float32 angle ≥ 0 of a few turns. */
export function sinCosFloat32(angle: number): readonly [sin: number, cos: number] {
  const octant = (Math.trunc(f32(angle * FOUR_OVER_PI)) + 1) & ~1;
  const x = MINUS_QUARTER_PI.reduce((rest, part) => fma(octant, part, rest), angle);
  const square = f32(x * x);
  const half = f32(square * 0.5);
  const nearOne = f32(fma(f32(polynomial(COSINE, square) * square), square, -half) + 1);
  const nearZero = fma(f32(polynomial(SINE, square) * square), x, x);
  const [sin, cos] = octant & 2 ? [nearOne, nearZero] : [nearZero, nearOne];
  return [octant & 4 ? -sin : sin, (octant + 2) & 4 ? -cos : cos];
}
