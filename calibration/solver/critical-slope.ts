import type { LayerOptions } from './layer-options.ts';

/**
 * The multiplier λ of the knapsack's linear relaxation: saving per RSE at which the budget runs out when every head
 * climbs its convex hull, best steps first (Sinha & Zoltners 1979). Any λ gives a valid bound; this one the tightest.
 */
export class CriticalSlope {
  readonly #slopes: Float64Array;
  readonly #costs: Float64Array;
  /** A hull being built: indices of options, from `full` upward. */
  readonly #hull: Int32Array;

  constructor(options: LayerOptions) {
    this.#slopes = new Float64Array(options.heads * options.width);
    this.#costs = new Float64Array(options.heads * options.width);
    this.#hull = new Int32Array(options.width);
  }

  find(options: LayerOptions, budget: number): number {
    let steps = 0;
    for (let head = 0; head < options.heads; head++) steps = this.#addHull(options, head, steps);
    return this.#select(steps, budget);
  }

  #addHull({ counts, width, savings, rse }: LayerOptions, head: number, steps: number): number {
    const hull = this.#hull;
    const begin = head * width;
    let last = 0;
    hull[0] = begin + counts[head]! - 1;
    for (let point = hull[0]! - 1; point >= begin; point--) {
      while (last > 0 && isBelow(savings, rse, hull[last - 1]!, hull[last]!, point)) last -= 1;
      last += 1;
      hull[last] = point;
    }
    for (let edge = 1; edge <= last; edge++) {
      const cost = rse[hull[edge]!]! - rse[hull[edge - 1]!]!;
      this.#costs[steps] = cost;
      this.#slopes[steps] = (savings[hull[edge]!]! - savings[hull[edge - 1]!]!) / cost;
      steps += 1;
    }
    return steps;
  }

  /** Weighted quickselect: the slope of the first step, steepest first, that the budget cannot pay. */
  #select(steps: number, budget: number): number {
    const slopes = this.#slopes;
    const costs = this.#costs;
    let low = 0;
    let high = steps - 1;
    let left = budget;
    while (low < high) {
      const pivot = medianOfThree(slopes[low]!, slopes[(low + high) >> 1]!, slopes[high]!);
      let above = low;
      let below = high;
      let cost = 0;
      // Hoare's partition, steep slopes to the left.
      while (above <= below) {
        while (slopes[above]! > pivot) {
          cost += costs[above]!;
          above += 1;
        }
        while (slopes[below]! < pivot) below -= 1;
        if (above > below) break;
        const slope = slopes[above]!;
        slopes[above] = slopes[below]!;
        slopes[below] = slope;
        const swapped = costs[above]!;
        costs[above] = costs[below]!;
        costs[below] = swapped;
        cost += costs[above]!;
        above += 1;
        below -= 1;
      }
      if (cost > left) {
        high = above - 1;
      } else {
        left -= cost;
        low = above;
      }
    }
    return low < steps ? slopes[low]! : steps > 0 ? minimum(slopes, steps) : 0;
  }
}

/** Whether `middle` lies on or below the line from `from` to `to`: no corner of the hull. */
function isBelow(savings: Float64Array, rse: Float64Array, from: number, middle: number, to: number): boolean {
  const rise = savings[middle]! - savings[from]!;
  const run = rse[middle]! - rse[from]!;
  return rise * (rse[to]! - rse[from]!) <= (savings[to]! - savings[from]!) * run;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

function minimum(values: Float64Array, count: number): number {
  let least = values[0]!;
  for (let index = 1; index < count; index++) least = Math.min(least, values[index]!);
  return least;
}
