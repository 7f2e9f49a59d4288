import type { Command } from 'commander';
import type { HeadMethod } from '../../../mmdit/attention/method.ts';
import type { Benchmark } from '../../engine/benchmark-model.ts';
import { parseCandidates } from '../arguments/candidates.ts';
import type { CliContext } from '../cli-context.ts';
import {
  addModelOption,
  addOutputOptions,
  addSamplingOptions,
  type ModelOptions,
  type OutputOptions,
  type SamplingOptions,
} from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatPercent, formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { showProgress } from '../progress-bar.ts';
import { UsageError } from '../usage-error.ts';
import { commandName } from '../../engine/command-name.ts';
import { parsePath } from '../arguments/paths.ts';

const DEFAULT_STEPS = 6;

interface BenchOptions extends OutputOptions, ModelOptions, SamplingOptions {
  readonly methods?: readonly HeadMethod[];
  readonly scheme?: string;
}

export function benchCommand(program: Command, { terminal, signal }: CliContext): void {
  const command = program
    .command('bench')
    .summary("time a model's steps under each method, and under a scheme")
    .description('Time denoising steps with every head under one method after the other, and under a scheme.');
  addSamplingOptions(addModelOption(command))
    .option('--methods <list>', 'methods beside full, split by commas (default: the usual ones)', parseCandidates)
    .option('--scheme <file>', 'time a *.scheme.json too; its size and guidance become the defaults', parsePath);
  addOutputOptions(command)
    .addHelpText(
      'after',
      `
A run of --steps (default: ${DEFAULT_STEPS}) per method; its first two steps do not count. ${commandName()} synthesize makes a checkpoint of
the right shape where the real one is not at hand.
${examples(
  'arrowhead bench --size 1024x1024',
  'arrowhead bench --model FLUX.1-dev --device cuda --size 2048x2048 --scheme runs/first/scheme.scheme.json',
)}`,
    )
    .action(async (options: BenchOptions) => {
      const { steps = DEFAULT_STEPS, size, guidance, ...rest } = options;
      const { benchmarkModel, LEAST_BENCHMARK_STEPS } = await import('../../engine/benchmark-model.ts');
      if (steps < LEAST_BENCHMARK_STEPS)
        throw new UsageError(
          `--steps ${steps}: at least ${LEAST_BENCHMARK_STEPS}, of which the first two do not count`,
        );
      const progress = showProgress(terminal, options.quiet ?? false);
      const result = await benchmarkModel(
        { ...rest, sampling: { steps, guidance, width: size?.width, height: size?.height } },
        { signal, onProgress: (event) => progress.update(event), onNotice: (text) => progress.note(`note: ${text}`) },
      ).finally(() => progress.stop());
      terminal.print(options.json ? toJson(result) : describeBenchmark(result));
    });
}

function describeBenchmark({ model, device, width, height, rows }: Benchmark): string {
  const cells = rows.map(({ method, sparsity, stepSeconds, speedUp }) => [
    method,
    formatPercent(sparsity),
    `${(stepSeconds * 1000).toFixed(1)} ms`,
    `${speedUp.toFixed(2)}×`,
  ]);
  return `${model}, ${width}×${height}, on ${device}
${formatTable(['every head', 'attention left out', 'step', 'speed-up'], cells)}`;
}
