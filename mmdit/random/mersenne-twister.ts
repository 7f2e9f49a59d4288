const N = 624;
const M = 397;

/** MT19937, the 32-bit Mersenne Twister (Matsumoto & Nishimura 1998), as PyTorch's CPU generator runs it. */
export class MersenneTwister {
  readonly #state = new Uint32Array(N);
  #index = N;

  /** PyTorch seeds with the low 32 bits. */
  constructor(seed: bigint) {
    this.#state[0] = Number(BigInt.asUintN(32, seed));
    for (let i = 1; i < N; i++) {
      const previous = this.#state[i - 1]!;
      this.#state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** Uniform over 32 bits. */
  nextUint32(): number {
    if (this.#index === N) this.#twist();
    let y = this.#state[this.#index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < N; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
      state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#index = 0;
  }
}
