import { CalibrationError } from '../calibration-error.ts';
import type { RseTable } from '../rse/rse-table.ts';
import type { SearchSettings } from '../search/search-settings.ts';
import type { SolvedTable } from '../solver/solve-table.ts';
import { SCHEME_FORMAT, SCHEME_VERSION, type Scheme } from './scheme.ts';

/**
 * The scheme of a solved table. `mode` is `progressive` only for the plan that the table's own search chose; a re-solve
 * at other values is a `preview`. Throws CalibrationError for a table that does not say its model and sampling.
 */
export function buildScheme(
  table: RseTable,
  solved: Omit<SolvedTable, 'milliseconds'>,
  settings: Pick<SearchSettings, 'delta' | 'headConstraint' | 'granularity' | 'algorithm' | 'threshold' | 'cost'>,
  mode: 'progressive' | 'preview',
): Scheme {
  const { model, sampling, search } = table;
  if (!model || !sampling || !search) {
    throw new CalibrationError('The RSE table does not say its model, sampling and search settings; calibrate anew');
  }
  const { scheduler, steps, guidance, width, height, textTokens, tokenOrder, block } = sampling;
  const { candidates, prompts, seeds, device, negativePrompt } = search;
  const { delta, headConstraint, granularity, algorithm, threshold, cost } = settings;
  const heads = new Array<number>(solved.methods.length).fill(0);
  for (const choice of solved.plan.flat(2)) heads[choice]! += 1;
  return {
    format: SCHEME_FORMAT,
    version: SCHEME_VERSION,
    model: { family: model.family, name: model.name, fingerprint: model.fingerprint },
    sampling: { scheduler, steps, guidance, width, height, textTokens, tokenOrder },
    search: {
      delta,
      headConstraint,
      ...(granularity === 'layer' && { granularity }),
      ...(algorithm !== undefined && { algorithm }),
      ...(threshold !== undefined && { threshold }),
      candidates: [...candidates],
      prompts: [...prompts],
      seeds: [...seeds],
      cost,
      device,
      ...(negativePrompt !== undefined && { negativePrompt }),
      mode,
    },
    block: [block[0], block[1]],
    methods: [...solved.methods],
    layers: [...table.layers],
    plan: solved.plan.map((layers) => layers.map((choices) => [...choices])),
    stats: {
      sparsity: solved.sparsity ?? 0,
      saving: solved.saving,
      // A threshold bounds no RSE: a head that puts out a constant may have an infinite one.
      largestRse: Math.max(0, ...solved.rseUsed.flat().filter(Number.isFinite)),
      heads,
    },
  };
}
