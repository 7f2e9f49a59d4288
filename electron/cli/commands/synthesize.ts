import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import type { SyntheticShapeName } from '../../../mmdit/synthetic/write-synthetic.ts';
import { parseCount } from '../arguments/numbers.ts';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions, type OutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { toJson } from '../json.ts';
import { UsageError } from '../usage-error.ts';

const SHAPES: readonly SyntheticShapeName[] = ['flux-dev', 'flux-schnell', 'sd3-medium', 'sd35-medium', 'sd35-large'];

interface SynthesizeOptions extends OutputOptions {
  readonly shape: SyntheticShapeName;
  readonly layers?: number;
  readonly singleLayers?: number;
  readonly heads?: number;
  readonly headDim?: number;
  readonly seed: number;
  readonly force?: boolean;
}

export function synthesizeCommand(program: Command, { terminal }: CliContext): void {
  const command = program
    .command('synthesize')
    .summary('make a checkpoint of random weights, for benchmarks')
    .description(
      'Write a checkpoint folder with configs and a seed in place of weights. The weights are made on the device when it is opened: speed and memory are those of the real model, the pictures mean nothing.',
    )
    .argument('<folder>', 'where to write it')
    .addOption(new Option('--shape <name>', 'whose shape').choices(SHAPES).default('flux-dev'))
    .option('--layers <n>', 'joint blocks', parseCount)
    .option('--single-layers <n>', 'single blocks (FLUX)', parseCount)
    .option('--heads <n>', 'attention heads', parseCount)
    .option('--head-dim <n>', 'channels of a head', parseCount)
    .option('--seed <n>', 'seed of the weights', parseCount, 1)
    .option('--force', 'write into a folder that exists')
    .addHelpText(
      'after',
      examples(
        'arrowhead synthesize /tmp/flux --shape flux-dev',
        'arrowhead generate --model /tmp/flux --device cuda --size 2048x2048 --prompt x --out noise.png',
        'arrowhead synthesize /tmp/small --layers 2 --single-layers 4 --heads 8',
      ),
    );
  addOutputOptions(command).action(async (folder: string, options: SynthesizeOptions) => {
    const { writeSynthetic } = await import('../../../mmdit/index.ts');
    const { shape, seed, force, layers, singleLayers, heads, headDim } = options;
    if (existsSync(folder) && !force) throw new UsageError(`${folder} exists already; --force writes into it`);
    const target = path.resolve(folder);
    const files = await writeSynthetic(target, shape, { seed }, { layers, singleLayers, heads, headDim });
    if (options.json) return terminal.print(toJson({ folder: target, files }));
    terminal.print(`${target}: ${shape}, weights from seed ${seed}`);
  });
}
