/**
 * What each head of one layer may still choose, after everything that can never be in an optimal plan is gone. Options
 * of a head run from the largest saving and RSE down to the smallest; both fall strictly.
 */
export class LayerOptions {
  readonly heads: number;
  /** Room per head in the flat arrays. */
  readonly width: number;
  readonly counts: Int32Array;
  /** `[heads][width]` */
  readonly savings: Float64Array;
  readonly rse: Float64Array;
  readonly methods: Uint8Array;
  readonly #full: number;
  readonly #methodSavings: Float64Array;
  /** Methods that can save, larger saving first, then the earlier one. */
  #order: Int32Array = new Int32Array(0);

  constructor(heads: number, methods: number, full: number) {
    this.heads = heads;
    this.width = methods;
    this.counts = new Int32Array(heads);
    this.savings = new Float64Array(heads * methods);
    this.rse = new Float64Array(heads * methods);
    this.methods = new Uint8Array(heads * methods);
    this.#full = full;
    this.#methodSavings = new Float64Array(methods);
  }

  /** Whole numbers whose sums over all heads are exact; `full` is 0. */
  setSavings(savings: Float64Array): void {
    this.#methodSavings.set(savings);
    this.#methodSavings[this.#full] = 0;
    const indices = Array.from(savings.keys()).filter((method) => this.#methodSavings[method]! >= 0);
    this.#order = Int32Array.from(indices.sort((a, b) => this.#methodSavings[b]! - this.#methodSavings[a]! || a - b));
  }

  /** Reads `[methods][heads]` at `offset`. A method is allowed at RSE from 0 to `limit`; `full` always, at 0. */
  load(table: Float32Array | Float64Array, offset: number, limit: number): void {
    const { heads, width, counts, savings, rse, methods } = this;
    const order = this.#order;
    for (let head = 0; head < heads; head++) {
      const begin = head * width;
      let count = 0;
      for (let place = 0; place < order.length; place++) {
        const method = order[place]!;
        const saving = this.#methodSavings[method]!;
        const error = method === this.#full ? 0 : table[offset + method * heads + head]!;
        // Written so that NaN fails.
        if (!(error >= 0 && error <= limit)) continue;
        if (count > 0 && error >= rse[begin + count - 1]!) continue;
        // Of two methods that save the same, the one of smaller RSE replaces the other.
        if (count > 0 && saving === savings[begin + count - 1]!) count -= 1;
        savings[begin + count] = saving;
        rse[begin + count] = error;
        methods[begin + count] = method;
        count += 1;
      }
      counts[head] = count;
    }
  }
}
