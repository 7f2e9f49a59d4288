import { type Command, Option } from 'commander';
import type { CalibrationSummary } from '../../engine/calibrate-model.ts';
import { PROMPTS_FILE_FORMS, PROMPTS_FILE_HELP, readPromptsFile } from '../../engine/prompts-file.ts';
import { quoteForShell } from '../../engine/quote-for-shell.ts';
import { headConstraintOf, parseAmount, parseSeed } from '../arguments/numbers.ts';
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
import { formatDuration, formatPercent } from '../format.ts';
import { toJson } from '../json.ts';
import { showProgress } from '../progress-bar.ts';
import { addSearchOptions, type SearchOptions } from '../search-options.ts';
import { UsageError } from '../usage-error.ts';
import { commandName } from '../../engine/command-name.ts';
import { parsePath } from '../arguments/paths.ts';

/** About the middle of what the published experiments use. */
const DEFAULT_THRESHOLD = 0.05;

interface CalibrateOptions extends OutputOptions, ModelOptions, SamplingOptions, SearchOptions {
  readonly prompt?: readonly string[];
  readonly promptsFile?: string;
  readonly negativePrompt?: string;
  readonly seed?: readonly number[];
  readonly algorithm?: 'progressive' | 'ditfastattn';
  readonly threshold?: number;
  readonly out: string;
  readonly resume?: boolean;
  readonly force?: boolean;
}

export function calibrateCommand(program: Command, { terminal, signal }: CliContext): void {
  const command = program
    .command('calibrate')
    .summary('search a scheme for a model; resumable')
    .description('Search a method for every step, layer and head within the error budget; writes a run folder.');
  addModelOption(command)
    .option('--prompt <text...>', 'prompts to calibrate on')
    .option('--prompts-file <file>', `more prompts: ${PROMPTS_FILE_FORMS}`, parsePath)
    .option('--negative-prompt <text>', 'what none of them is to show; for SD3, with guidance above 1')
    .option('--seed <n...>', 'seeds; every prompt is run with every seed (default: 0)', collect(parseSeed));
  addSearchOptions(addSamplingOptions(command))
    .addOption(
      new Option(
        '--algorithm <name>',
        "progressive, or DiTFastAttn's greedy search by a threshold, layer by layer (default: progressive)",
      ).choices(['progressive', 'ditfastattn']),
    )
    .option(
      '--threshold <t>',
      "ditfastattn: how far the transformer's output may move, in the place of δ and c (default: 0.05)",
      parseAmount,
    )
    .requiredOption('--out <folder>', 'run folder to write: run.json, rse.safetensors, *.scheme.json', parsePath)
    .option(
      '--resume',
      'go on with the run in --out; its settings are used, and given ones must agree with them; --model is to be given again',
    )
    .option('--force', 'start over in a folder that holds a run already');
  addOutputOptions(command)
    .addHelpText(
      'after',
      `
A calibration that was stopped, even by kill -9, loses at most the current step: --resume ends with the same bytes.

${PROMPTS_FILE_HELP}
${examples(
  'arrowhead calibrate --prompt "a red cube" "two blue spheres" --seed 0 1 --delta 0.6 --head-constraint 1.5 --out runs/first',
  'arrowhead calibrate --model FLUX.1-dev --prompts-file prompts.txt --steps 50 --size 1024x1024 --delta 0.4 \\',
  '    --head-constraint none --candidates arrow/8,arrow/16,cached --cost measured --out runs/flux',
  'arrowhead calibrate --prompts-file prompts.txt --algorithm ditfastattn --threshold 0.05 --out runs/ditfastattn',
  'arrowhead calibrate --out runs/first --resume',
)}`,
    )
    .action(async (options: CalibrateOptions) => {
      const prompts = await gatherPrompts(options);
      const progress = showProgress(terminal, options.quiet ?? false);
      const { steps, size, guidance, model, device, onnx, seed, negativePrompt, out } = options;
      const { delta, headConstraint, granularity, candidates, cost } = options;
      const threshold = thresholdOf(options);
      const { calibrateModel } = await import('../../engine/calibrate-model.ts');
      const summary = await calibrateModel(
        {
          model,
          device,
          onnx,
          prompts,
          seeds: seed,
          negativePrompt,
          sampling: { steps, guidance, width: size?.width, height: size?.height },
          delta,
          headConstraint: headConstraint === undefined ? undefined : headConstraintOf(headConstraint),
          granularity,
          threshold,
          candidates,
          cost,
          folder: out,
          mode: options.resume ? 'resume' : options.force ? 'replace' : 'create',
        },
        { signal, onProgress: (event) => progress.update(event), onNotice: (text) => progress.note(`note: ${text}`) },
      ).finally(() => progress.stop());
      terminal.print(options.json ? toJson(summary) : describe(summary, options));
    });
}

/** undefined for the progressive search, and where a resumed run brings its own. */
function thresholdOf(options: CalibrateOptions): number | undefined {
  const { algorithm, threshold, delta, headConstraint, granularity, resume } = options;
  if (algorithm !== 'ditfastattn') {
    if (threshold === undefined || (resume && algorithm === undefined)) return threshold;
    throw new UsageError('--threshold is for --algorithm ditfastattn; the progressive search has --delta.');
  }
  if (delta !== undefined || headConstraint !== undefined || granularity !== undefined)
    throw new UsageError(
      'DiTFastAttn knows no --delta, --head-constraint and --granularity: give --threshold instead.',
    );
  return threshold ?? (resume ? undefined : DEFAULT_THRESHOLD);
}

/** undefined where none was given and a resumed run brings its own. */
async function gatherPrompts(options: CalibrateOptions): Promise<readonly string[] | undefined> {
  const { prompt = [], promptsFile, resume, force } = options;
  if (resume && force) throw new UsageError('--resume goes on with a run and --force starts over: give one of them.');
  const prompts = [...prompt, ...(promptsFile === undefined ? [] : await readPromptsFile(promptsFile))];
  if (prompts.length > 0) return prompts;
  if (resume) return undefined;
  throw new UsageError('A calibration needs prompts: give --prompt "…" (several, if you can) or --prompts-file FILE.');
}

function describe(summary: CalibrationSummary, { model, negativePrompt }: CalibrateOptions): string {
  const { folder, scheme, table, sparsity, seconds, resumedSteps } = summary;
  const picture = [
    ...(model === undefined ? [] : ['--model', model]),
    ...(negativePrompt === undefined ? [] : ['--negative-prompt', negativePrompt]),
    ...['--scheme', scheme, '--out', 'picture.png'],
  ].map(quoteForShell);
  const resumed = resumedSteps > 0 ? `, ${resumedSteps} steps taken over from before` : '';
  return [
    `${formatPercent(sparsity)} of the attention left out; calibrated in ${formatDuration(seconds)}${resumed}.`,
    `scheme  ${scheme}`,
    `table   ${table}`,
    `Use it: ${commandName()} generate --prompt "…" ${picture.join(' ')}`,
    `Other budgets: ${commandName()} solve ${quoteForShell(table)} --delta D --head-constraint C`,
    `Everything is in ${folder}.`,
  ].join('\n');
}
