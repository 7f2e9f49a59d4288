import type { Command } from 'commander';
import type { Verification } from '../../../mmdit/index.ts';
import { parseAmount } from '../arguments/numbers.ts';
import type { CliContext } from '../cli-context.ts';
import { addDeviceOption, addOutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatTable } from '../format.ts';
import { toJson } from '../json.ts';

interface VerifyOptions {
  readonly json?: boolean;
  readonly device?: string;
  readonly tolerance?: number;
}

export function verifyCommand(program: Command, { terminal, signal }: CliContext): void {
  const command = program
    .command('verify')
    .summary("check a transformer's numbers against a diffusers dump")
    .description('Run a transformer on the inputs of a diffusers dump and compare its outputs with those in the dump.')
    .argument('<transformer>', 'a transformer folder in the diffusers layout (config.json and weights)')
    .argument('<io.safetensors>', 'the dump: in.* the arguments, out.sample and mid.* what diffusers computed')
    .addHelpText(
      'after',
      `
For every tensor of the dump: max is the largest absolute difference, relative is ‖ours − theirs‖ / ‖theirs‖.
With --json: { device, tensors: { name: { max, relative } } }.
${examples(
  'arrowhead verify FLUX.1-dev/transformer flux-io.safetensors',
  'arrowhead verify demo/checkpoint/transformer io.safetensors --json',
)}`,
    );
  addDeviceOption(addOutputOptions(command), 'cpu')
    .option('--tolerance <t>', 'fail where a tensor is further off than this, relative', parseAmount)
    .action(async (transformer: string, dump: string, options: VerifyOptions) => {
      const { verifyDump } = await import('../../engine/verify-dump.ts');
      const result = await verifyDump(transformer, dump, { device: options.device, signal });
      if (options.json) {
        terminal.print(toJson(result));
        if (options.tolerance !== undefined) requireWithin(result, options.tolerance);
        return;
      }
      const rows = Object.entries(result.tensors).map(([name, { max, relative }]) => [
        name,
        max.toExponential(2),
        relative.toExponential(2),
      ]);
      terminal.print(`${formatTable(['tensor', 'max', 'relative'], rows)}\non ${result.device}`);
      if (options.tolerance !== undefined) requireWithin(result, options.tolerance);
    });
}

/** Throws where a tensor is further off, or is no number. */
function requireWithin({ tensors }: Verification, tolerance: number): void {
  const worst = Object.entries(tensors).filter(([, { relative }]) => !(relative <= tolerance));
  if (worst.length === 0) return;
  const names = worst.map(([name, { relative }]) => `${name} (${relative.toExponential(2)})`).join(', ');
  throw new Error(`Further than ${tolerance} from the dump: ${names}`);
}
