import { type Command, Option } from 'commander';
import { GRANULARITIES, type Granularity } from '../../calibration/solver/granularity.ts';
import type { HeadMethod } from '../../mmdit/attention/method.ts';
import { parseCandidates } from './arguments/candidates.ts';
import { type HeadConstraintText, parseAmount, parseHeadConstraint } from './arguments/numbers.ts';

/** How heads are chosen; absent ones have the engine's defaults. */
export interface SearchOptions {
  readonly delta?: number;
  readonly headConstraint?: HeadConstraintText;
  readonly granularity?: Granularity;
  readonly candidates?: readonly HeadMethod[];
  readonly cost?: 'flops' | 'measured';
}

export function addSearchOptions(command: Command): Command {
  return command
    .option(
      '--delta <d>',
      'error budget: the RSE that the heads of a layer may sum to at a step (default: 0.2)',
      parseAmount,
    )
    .option(
      '--head-constraint <c>',
      'no head may lose more than c·δ/heads; a number or none (default: 1.5)',
      parseHeadConstraint,
    )
    .addOption(granularityOption())
    .option(
      '--candidates <list>',
      'methods offered beside full, split by commas (default: arrow/8,arrow/16,arrow/32,cached)',
      parseCandidates,
    )
    .addOption(
      new Option('--cost <source>', 'what a method saves: counted FLOPs or measured time (default: flops)').choices([
        'flops',
        'measured',
      ]),
    );
}

export function granularityOption(): Option {
  return new Option(
    '--granularity <what>',
    'what has a method of its own: each head, or each layer for all its heads (default: head)',
  ).choices(GRANULARITIES);
}
