import type { Command } from 'commander';
import { ABLATION_TABLES, type AblationTableId } from '../../../calibration/ablation/plan-ablation.ts';
import type { AblationSummary } from '../../engine/ablation/ablate-model.ts';
import type { AblationForecast } from '../../engine/ablation/ablation-forecast.ts';
import { PROMPTS_FILE_FORMS, PROMPTS_FILE_HELP, readPromptsFile } from '../../engine/prompts-file.ts';
import { parseList, parseWord } from '../arguments/lists.ts';
import {
  type HeadConstraintText,
  headConstraintOf,
  parseAmount,
  parseHeadConstraint,
  parseSeed,
} from '../arguments/numbers.ts';
import type { CliContext } from '../cli-context.ts';
import {
  addModelOption,
  addOutputOptions,
  addSamplingOptions,
  collect,
  type ModelOptions,
  type OutputOptions,
  type SamplingOptions,
} from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatBytes, formatDuration, formatPercent, formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { showProgress } from '../progress-bar.ts';
import { addSearchOptions, type SearchOptions } from '../search-options.ts';
import { UsageError } from '../usage-error.ts';
import { parsePath } from '../arguments/paths.ts';

interface AblateOptions extends OutputOptions, ModelOptions, SamplingOptions, SearchOptions {
  readonly prompt?: readonly string[];
  readonly promptsFile?: string;
  readonly seed?: readonly number[];
  readonly negativePrompt?: string;
  readonly evaluation?: readonly string[];
  readonly evaluationFile?: string;
  readonly evaluationSeed?: number;
  readonly deltas?: readonly number[];
  readonly headConstraints?: readonly HeadConstraintText[];
  readonly thresholds?: readonly number[];
  readonly tables?: readonly AblationTableId[];
  readonly out?: string;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export function ablateCommand(program: Command, { terminal, signal }: CliContext): void {
  const command = program
    .command('ablate')
    .summary("the paper's ablation tables on any model; resumable")
    .description(
      "The paper's ablation tables: methods, c, δ, and the search beside layer-wise ones. Every row is a search of its own, judged by pictures against full attention.",
    );
  addModelOption(command)
    .option('--prompt <text...>', "prompts to calibrate on (default: two of the demo's)")
    .option('--prompts-file <file>', `more prompts: ${PROMPTS_FILE_FORMS}`, parsePath)
    .option('--seed <n...>', 'seeds; every prompt is run with every seed (default: 0)', collect(parseSeed))
    .option('--negative-prompt <text>', 'what none of the pictures is to show; for SD3, with guidance above 1')
    .option('--evaluation <text...>', "prompts to judge by (default: two of the demo's, not calibrated on)")
    .option('--evaluation-file <file>', 'more of them, as --prompts-file', parsePath)
    .option('--evaluation-seed <n>', 'seed of the pictures (default: 0)', parseSeed);
  addSearchOptions(addSamplingOptions(command))
    .option(
      '--deltas <list>',
      'δ of the budget table, split by commas (default: 0.2,0.4,0.6,0.8,1)',
      parseList(parseAmount),
    )
    .option(
      '--head-constraints <list>',
      'c of the constraint table, split by commas (default: none,1,1.5,2)',
      parseList(parseHeadConstraint),
    )
    .option(
      '--thresholds <list>',
      'of DiTFastAttn in the algorithm table, split by commas; a forward pass per layer and try (default: 0.2)',
      parseList(parseAmount),
    )
    .option(
      '--tables <list>',
      `which tables, of ${ABLATION_TABLES.join(', ')} (default: all)`,
      parseList(parseWord(ABLATION_TABLES)),
    )
    .option(
      '--out <folder>',
      'folder to write (default: <time>-ablation in $ARROWHEAD_LIBRARY, else in runs)',
      parsePath,
    )
    .option(
      '--resume',
      'go on with the ablation in --out; its settings are used, and given ones must agree with them; --model is to be given again',
    )
    .option('--force', 'start over in a folder that holds an ablation already')
    .option('--dry-run', 'print the forecast of time and memory, and do nothing else');
  addOutputOptions(command)
    .addHelpText(
      'after',
      `
Where a table does not vary something it is --delta, --head-constraint, --granularity and --candidates. Equal rows of
several tables are searched once. Stopped, even by kill -9, it loses at most a step of the search in hand: --resume.
It writes ablation.md, a CSV per table, ablation.svg and every picture and scheme.

${PROMPTS_FILE_HELP}
${examples(
  'arrowhead ablate --dry-run',
  'arrowhead ablate --out runs/ablation',
  'arrowhead ablate --model FLUX.1-dev --prompts-file train.txt --evaluation-file judge.txt --tables methods,constraint \\',
  '    --steps 50 --size 1024x1024 --delta 0.4 --out runs/flux-ablation',
  'arrowhead ablate --out runs/ablation --resume',
)}`,
    )
    .action(async (options: AblateOptions) => {
      const { steps, size, guidance, headConstraint, headConstraints, seed, out } = options;
      const { model, device, onnx, delta, granularity, candidates, cost, deltas, thresholds, tables, dryRun } = options;
      const { evaluationSeed, negativePrompt } = options;
      requireSense(options);
      const prompts = await gather(options.prompt, options.promptsFile);
      const evaluation = await gather(options.evaluation, options.evaluationFile);
      const progress = showProgress(terminal, options.quiet ?? false);
      const { ablateModel } = await import('../../engine/ablation/ablate-model.ts');
      const summary = await ablateModel(
        {
          ...{ model, device, onnx, prompts, seeds: seed, evaluation, evaluationSeed, negativePrompt },
          ...{ delta, granularity, candidates, cost, deltas, thresholds, tables, dryRun },
          sampling: { steps, guidance, width: size?.width, height: size?.height },
          headConstraint: headConstraint === undefined ? undefined : headConstraintOf(headConstraint),
          headConstraints: headConstraints?.map(headConstraintOf),
          folder: out,
          mode: options.resume ? 'resume' : options.force ? 'replace' : 'create',
        },
        {
          signal,
          onProgress: (event) => progress.update(event),
          onNotice: (text) => progress.note(`note: ${text}`),
          onForecast: (forecast) => progress.note(describeForecast(forecast)),
        },
      ).finally(() => progress.stop());
      terminal.print(options.json ? toJson(summary) : describe(summary));
    });
}

function requireSense({ resume, force, out }: AblateOptions): void {
  if (resume && force) throw new UsageError('--resume goes on with an ablation and --force starts over: give one.');
  if (resume && out === undefined)
    throw new UsageError('--resume needs --out: the folder of the ablation to go on with.');
}

async function gather(texts: readonly string[] = [], file: string | undefined): Promise<readonly string[] | undefined> {
  const all = [...texts, ...(file === undefined ? [] : await readPromptsFile(file))];
  return all.length > 0 ? all : undefined;
}

function describeForecast(forecast: AblationForecast): string {
  const { searches, pictures, seconds, searchSeconds, secondsPerPicture, memory } = forecast;
  const longest = formatDuration(Math.max(0, ...searchSeconds));
  const fits = memory.neededBytes <= memory.freeBytes ? '' : ': too little';
  return [
    `Forecast: at most about ${formatDuration(seconds)} for ${searches} searches (the longest ${longest}) and ${pictures} pictures (${formatDuration(secondsPerPicture)} each),`,
    `beside the weights about ${formatBytes(memory.neededBytes)} of memory, of ${formatBytes(memory.freeBytes)} that are free${fits}.`,
  ].join('\n');
}

function describe({ forecast, result }: AblationSummary): string {
  if (result === null) return describeForecast(forecast);
  const tables = result.tables.map(({ title, varies, rows }) => {
    const header = [varies, 'left out', 'SSIM', 'predicted', 'measured'];
    const cells = rows.map(({ label, result: found, reason }) =>
      found === null
        ? [label, reason ?? 'not made', '–', '–', '–']
        : [
            label,
            formatPercent(found.sparsity),
            found.ssim.toFixed(4),
            `${found.predictedSpeedUp.toFixed(2)}×`,
            `${found.measuredSpeedUp.toFixed(2)}×`,
          ],
    );
    return `${title}\n${formatTable(header, cells)}`;
  });
  const { markdown, csv, plot } = result.files;
  const files = [`tables  ${markdown}`, `plot    ${plot}`, `CSV     ${csv.join('\n        ')}`];
  return [...tables, [`Done in ${formatDuration(result.seconds)}.`, ...files].join('\n')].join('\n\n');
}
