import { Argument, type Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatTable } from '../format.ts';
import { toJson } from '../json.ts';

const NAMES = ['lpips-alex'] as const;

export function weightsCommand(program: Command, { terminal }: CliContext): void {
  const weights = program
    .command('weights')
    .summary('weights of the networks that metrics need')
    .description('Add the weights of LPIPS, which cannot ship with Arrowhead, or see which are there.')
    .addHelpText(
      'after',
      `
LPIPS's authors publish its weights for PyTorch. Write them as safetensors once, where their package is installed:
  pip install lpips safetensors
  python -c "import lpips, safetensors.torch as s; s.save_file({k: v.clone() for k, v in lpips.LPIPS(net='alex').state_dict().items()}, 'lpips-alex.safetensors')"
${examples('arrowhead weights add lpips-alex lpips-alex.safetensors', 'arrowhead weights list --json')}`,
    );
  const list = weights.command('list').description('Say which weights are there.');
  addOutputOptions(list).action(async (options: { json?: boolean }) => {
    const { installedWeights } = await import('../../engine/installed-weights.ts');
    const installed = installedWeights();
    if (options.json) return terminal.print(toJson({ weights: installed }));
    terminal.print(
      formatTable(
        ['network', 'weights'],
        installed.map(({ name, file }) => [name, file ?? 'not installed']),
      ),
    );
  });
  const add = weights
    .command('add')
    .description('Check a file of weights and keep a copy of it.')
    .addArgument(new Argument('<network>', 'which network').choices(NAMES))
    .argument('<file.safetensors>', 'its weights, with the names of the lpips package or of torchmetrics');
  addOutputOptions(add).action(async (name: (typeof NAMES)[number], file: string, options: { json?: boolean }) => {
    const { addWeights } = await import('../../../calibration/index.ts');
    const kept = await addWeights(name, file);
    terminal.print(options.json ? toJson({ name, file: kept }) : `${name} is kept in ${kept}.`);
  });
}
