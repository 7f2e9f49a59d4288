/** `head`: every head has a method of its own. `layer`: all heads of a layer share one at a step. */
export type Granularity = 'head' | 'layer';

export const GRANULARITIES: readonly Granularity[] = ['head', 'layer'];
