import type { Command } from 'commander';
import type { Granularity } from '../../../calibration/solver/granularity.ts';
import type { SolveFileResult } from '../../engine/solve-file.ts';
import { type HeadConstraintText, headConstraintOf, parseAmount, parseHeadConstraint } from '../arguments/numbers.ts';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatPercent, formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { granularityOption } from '../search-options.ts';
import { parsePath } from '../arguments/paths.ts';

interface SolveOptions {
  readonly delta: number;
  readonly headConstraint: HeadConstraintText;
  readonly granularity?: Granularity;
  readonly savings?: string;
  readonly json?: boolean;
}

export function solveCommand(program: Command, { terminal }: CliContext): void {
  const command = program
    .command('solve')
    .summary('choose methods from an RSE table for another budget')
    .description('Choose methods from an RSE table for another δ and c, exactly and in milliseconds: a preview.')
    .argument('<rse.safetensors>', 'the table that a calibration wrote')
    .requiredOption('--delta <d>', 'error budget: the RSE that the heads of a layer may sum to at a step', parseAmount)
    .requiredOption(
      '--head-constraint <c>',
      'no head may lose more than c·δ/heads; a number or none',
      parseHeadConstraint,
    )
    .addOption(granularityOption())
    .option(
      '--savings <file.json>',
      'what each method saves, { "arrow/8": 0.4, … } in any unit (default: FLOPs)',
      parsePath,
    )
    .addHelpText(
      'after',
      `
With --json: { methods, layers, plan: [step][layer][head] method index, saving, sparsity, rseUsed: [step][layer],
milliseconds }. The indices in plan are into methods; milliseconds is the solver's time without reading the file.
${examples(
  'arrowhead solve runs/first/rse.safetensors --delta 0.4 --head-constraint 1.5',
  'arrowhead solve rse.safetensors --delta 1 --head-constraint none --savings savings.json --json',
)}`,
    );
  addOutputOptions(command).action(async (table: string, options: SolveOptions) => {
    const { delta, headConstraint, granularity, savings } = options;
    const { solveFile } = await import('../../engine/solve-file.ts');
    const result = await solveFile({
      table,
      delta,
      headConstraint: headConstraintOf(headConstraint),
      granularity,
      savings,
    });
    terminal.print(options.json ? toJson(result) : summarise(result));
  });
}

function summarise({ methods, plan, sparsity, rseUsed, milliseconds }: SolveFileResult): string {
  const choices = plan.flat(2);
  const counts = methods.map((_, method) => choices.reduce((count, choice) => count + (choice === method ? 1 : 0), 0));
  const rows = methods.map((name, method) => [
    name,
    String(counts[method]),
    formatPercent(counts[method]! / choices.length),
  ]);
  const used = rseUsed.flat();
  const mean = used.reduce((sum, value) => sum + value, 0) / Math.max(1, used.length);
  return [
    formatTable(['method', 'heads', 'share'], rows),
    '',
    `${sparsity === null ? 'Sparsity unknown: the table does not say its token layouts' : `${formatPercent(sparsity)} of the attention left out`}; RSE used per layer and step ${mean.toPrecision(3)} on average.`,
    `Solved in ${milliseconds.toFixed(1)} ms. This is a preview: a calibration at these values confirms it.`,
  ].join('\n');
}
