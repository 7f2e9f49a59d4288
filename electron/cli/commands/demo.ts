import type { Command } from 'commander';
import { explainMissingLpips } from '../../contract/lpips.ts';
import type { DemoSummary } from '../../engine/run-demo.ts';
import { headConstraintOf, parseSeed } from '../arguments/numbers.ts';
import type { CliContext } from '../cli-context.ts';
import {
  addDecodeOption,
  addModelOption,
  addOutputOptions,
  addSamplingOptions,
  type DecodeOptions,
  type ModelOptions,
  type OutputOptions,
  type SamplingOptions,
} from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatDuration, formatPercent, formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { openInBrowser } from '../open-in-browser.ts';
import { showProgress } from '../progress-bar.ts';
import { addSearchOptions, type SearchOptions } from '../search-options.ts';
import { commandName } from '../../engine/command-name.ts';
import { parsePath } from '../arguments/paths.ts';

interface DemoOptions extends OutputOptions, ModelOptions, SamplingOptions, DecodeOptions, SearchOptions {
  readonly prompt?: string;
  readonly seed?: number;
  readonly out?: string;
  readonly force?: boolean;
  readonly open?: boolean;
}

export function demoCommand(program: Command, { terminal, signal }: CliContext): void {
  const command = program
    .command('demo')
    .summary('the whole job in a minute or two, with a report')
    .description('The whole job in a minute or two: calibrate, generate with and without the scheme, compare, report.');
  addModelOption(command)
    .option('--prompt <text>', 'the one picture to judge by (default: three that calibration did not see)')
    .option('--seed <n>', 'seed of the pictures (default: 0)', parseSeed);
  addSearchOptions(addDecodeOption(addSamplingOptions(command)))
    .option(
      '--out <folder>',
      'run folder to write (default: <time>-demo in $ARROWHEAD_LIBRARY, else in runs)',
      parsePath,
    )
    .option('--force', 'start over in a folder that holds a run already')
    .option('--open', 'open the report in the browser');
  addOutputOptions(command)
    .addHelpText(
      'after',
      examples(
        'arrowhead demo',
        'arrowhead demo --open --prompt "a green cone right of a yellow cube at night" --seed 3',
        'arrowhead demo --size 256x256 --delta 1 --head-constraint none --out runs/bold --json',
      ),
    )
    .action(async (options: DemoOptions) => {
      const progress = showProgress(terminal, options.quiet ?? false);
      const {
        steps,
        size,
        guidance,
        model,
        device,
        onnx,
        vae,
        prompt,
        seed,
        delta,
        headConstraint,
        granularity,
        candidates,
        cost,
        out,
        force,
      } = options;
      const { runDemo } = await import('../../engine/run-demo.ts');
      const summary = await runDemo(
        {
          model,
          device,
          onnx,
          vae,
          prompt,
          seed,
          sampling: { steps, guidance, width: size?.width, height: size?.height },
          delta,
          headConstraint: headConstraint === undefined ? undefined : headConstraintOf(headConstraint),
          granularity,
          candidates,
          cost,
          folder: out,
          force,
        },
        { signal, onProgress: (event) => progress.update(event), onNotice: (text) => progress.note(`note: ${text}`) },
      ).finally(() => progress.stop());
      terminal.print(options.json ? toJson(summary) : describe(summary));
      if (options.open) await openInBrowser(summary.report).catch((error: Error) => terminal.note(error.message));
    });
}

function describe({ pictures, sparsity, seconds, report, folder, ...distances }: DemoSummary): string {
  const { ssim, psnr, lpips, lpipsMissing } = distances;
  const speedUp = seconds.original / seconds.compressed;
  const mean = pictures.length > 1 ? 'mean ' : '';
  const rows = [
    ['attention left out', formatPercent(sparsity)],
    [
      `${mean}denoising`,
      `${formatDuration(seconds.original)} → ${formatDuration(seconds.compressed)} (${speedUp.toFixed(2)}×)`,
    ],
    [`${mean}SSIM`, ssim.toFixed(4)],
    [`${mean}PSNR`, psnr === null ? '∞ dB (equal pictures)' : `${psnr.toFixed(2)} dB`],
    [`${mean}LPIPS (AlexNet)`, lpips?.toFixed(4) ?? '–'],
    ['calibration', formatDuration(seconds.calibrate)],
  ];
  return [
    ...pictures.map(({ metrics }) => `"${metrics.prompt}", seed ${metrics.seed}: SSIM ${metrics.ssim.toFixed(4)}`),
    '',
    formatTable([], rows),
    ...(lpipsMissing === null ? [] : [explainMissingLpips(lpipsMissing, 'alex', commandName())]),
    '',
    `report  ${report}`,
    `run     ${folder}`,
  ].join('\n');
}
