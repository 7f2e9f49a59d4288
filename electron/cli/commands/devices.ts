import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatBytes, formatTable } from '../format.ts';
import { toJson } from '../json.ts';

export function devicesCommand(program: Command, { terminal }: CliContext): void {
  const command = program
    .command('devices')
    .summary('list the devices that models can run on')
    .description('List the devices that models can run on, and what text encoders and VAE run on.')
    .addHelpText('after', examples('arrowhead devices', 'arrowhead devices --json'));
  addOutputOptions(command).action(async (options: { json?: boolean }) => {
    const { listDevices, reportOnnx } = await import('../../../mmdit/index.ts');
    const [devices, onnx] = [await listDevices(), await reportOnnx()];
    if (options.json) return terminal.print(toJson({ devices, onnx }));
    const rows = devices.map(({ id, name, computeDtype, memoryBytes }) => [
      id,
      name,
      computeDtype,
      formatBytes(memoryBytes),
    ]);
    const providers = onnx.providers.map(({ provider, problem }) => [`  ${provider}`, problem ?? 'can be used']);
    terminal.print(`${formatTable(['device', 'name', 'computes in', 'memory'], rows)}

Text encoders and VAE: ${onnx.where}
${formatTable([], providers)}`);
  });
}
