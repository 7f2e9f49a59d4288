import type { Command } from 'commander';
import type { AppliedReport } from '../../../calibration/scheme/applied-report.ts';
import { parseSeed } from '../arguments/numbers.ts';
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
import { formatDuration, formatPercent } from '../format.ts';
import { toJson } from '../json.ts';
import { showProgress } from '../progress-bar.ts';
import { UsageError } from '../usage-error.ts';
import { parsePath } from '../arguments/paths.ts';

interface GenerateOptions extends OutputOptions, ModelOptions, SamplingOptions, DecodeOptions {
  readonly prompt: string;
  readonly negativePrompt?: string;
  readonly seed: number;
  readonly scheme?: string;
  readonly out: string;
  readonly force?: boolean;
}

export function generateCommand(program: Command, { terminal, signal }: CliContext): void {
  const command = program
    .command('generate')
    .summary('make one picture, with or without a scheme')
    .description('Make one picture, with full attention or under a scheme.');
  addModelOption(command)
    .requiredOption('--prompt <text>', 'what to paint')
    .option('--negative-prompt <text>', 'what not to paint; for SD3, with guidance above 1')
    .option('--seed <n>', 'seed of the noise, up to 2^53 - 1; means what it means in diffusers', parseSeed, 0);
  addDecodeOption(addSamplingOptions(command))
    .option('--scheme <file>', 'apply a *.scheme.json; its steps, size and guidance become the defaults', parsePath)
    .requiredOption('--out <x.png>', 'where to write the picture', parsePath)
    .option('--force', 'overwrite the picture, and apply a scheme that was made for other settings');
  addOutputOptions(command)
    .addHelpText(
      'after',
      examples(
        'arrowhead generate --prompt "a red cube left of a blue sphere" --seed 7 --out cube.png',
        'arrowhead generate --prompt "a red cube" --seed 7 --size 256x256 --steps 12 --out small.png',
        'arrowhead generate --prompt "a red cube" --scheme runs/first/scheme.scheme.json --out fast.png --json',
      ),
    )
    .action(async (options: GenerateOptions) => {
      if (!/\.png$/i.test(options.out))
        throw new UsageError(`--out ${options.out}: pictures are PNG files, so end it in .png`);
      const progress = showProgress(terminal, options.quiet ?? false);
      const { steps, size, guidance, ...rest } = options;
      const { generatePicture } = await import('../../engine/generate-picture.ts');
      const result = await generatePicture(
        { ...rest, sampling: { steps, guidance, width: size?.width, height: size?.height } },
        { signal, onProgress: (event) => progress.update(event), onNotice: (text) => progress.note(`note: ${text}`) },
      ).finally(() => progress.stop());
      if (options.json) return terminal.print(toJson(result));
      const { encode, denoise, decode } = result.seconds;
      const sparsity = result.sparsity === null ? '' : `, ${formatPercent(result.sparsity)} of the attention left out`;
      terminal.print(`${result.file} in ${formatDuration(encode + denoise + decode)}${sparsity}`);
      if (result.scheme !== null) terminal.print(describeApplied(result.applied));
    });
}

/** What ran, as recorded where attention was called. */
function describeApplied({ methods, heads, mismatches }: AppliedReport): string {
  const ran = methods.map((method, index) => `${heads[index]} ${method}`).join(', ');
  const all = heads.reduce((sum, count) => sum + count, 0);
  const verdict = mismatches === 0 ? 'all as the scheme says' : `${mismatches} NOT as the scheme says`;
  return `heads that ran: ${ran} of ${all}, ${verdict}`;
}
