import { Argument, type Command } from 'commander';
import { PUBLISHED_WEIGHTS } from '../../../calibration/metrics/lpips/published-weights.ts';
import { addWeightsCommand, type LpipsNetwork, lpipsNetwork } from '../../contract/lpips.ts';
import type { WeightsListing } from '../../engine/list-weights.ts';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions, type OutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { showProgress } from '../progress-bar.ts';
import { UsageError } from '../usage-error.ts';
import { commandName } from '../../engine/command-name.ts';

const NETWORKS = lpipsNetwork.options;

interface AddOptions extends OutputOptions {
  readonly download?: boolean;
}

export function weightsCommand(program: Command, context: CliContext): void {
  const weights = program
    .command('weights')
    .summary('weights of the networks that metrics need')
    .description('Add the weights of LPIPS, which cannot ship with Arrowhead, or see which are there.')
    .addHelpText('after', help());
  const list = weights.command('list').description('Say which weights are there.');
  addOutputOptions(list).action((options: OutputOptions) => printList(options, context));
  const add = weights
    .command('add')
    .description("Check a network's weights and keep what LPIPS needs of them.")
    .addArgument(new Argument('<network>', 'which network').choices(NETWORKS.map((name) => `lpips-${name}`)))
    .argument('[files...]', "its authors' two files in any order (.pth), or one that holds both (.pth or .safetensors)")
    .option('--download', 'fetch the published files, and go on where an earlier try ended');
  addOutputOptions(add).action((name: string, files: string[], options: AddOptions) =>
    addOne(lpipsNetwork.parse(name.replace('lpips-', '')), files, options, context),
  );
}

async function printList({ json }: OutputOptions, { terminal }: CliContext): Promise<void> {
  const { listWeights } = await import('../../engine/list-weights.ts');
  const listing = await listWeights();
  if (json) return terminal.print(toJson({ weights: listing }));
  const rows = listing.map((weights) => [weights.name, originOf(weights), weights.file ?? '']);
  terminal.print(formatTable(['network', 'weights', 'file'], rows));
  const [absent] = NETWORKS.filter((network) => listing.some(({ name, file }) => name.endsWith(network) && !file));
  if (absent) terminal.note(`Add them with: ${addWeightsCommand(absent, commandName())}`);
}

function originOf({ file, published, origins }: WeightsListing): string {
  if (file === null) return 'not installed';
  if (published) return 'as published';
  return origins.length === 0 ? 'of unknown origin' : origins.map(({ name }) => name).join(', ');
}

async function addOne(
  network: LpipsNetwork,
  files: readonly string[],
  { download, json, quiet }: AddOptions,
  { terminal, signal }: CliContext,
): Promise<void> {
  if ((download ?? false) === files.length > 0) {
    throw new UsageError(
      `give either the files of weights or --download; ${commandName()} weights --help says where they are`,
    );
  }
  const progress = showProgress(terminal, quiet ?? false);
  const add = async () => {
    if (files.length > 0) return (await import('../../../calibration/index.ts')).addWeights(network, files);
    const { downloadWeights } = await import('../../engine/download-weights.ts');
    return downloadWeights(network, { signal, onProgress: (event) => progress.update(event) });
  };
  const { file, published } = await add().finally(() => progress.stop());
  if (!published) {
    terminal.note(
      'note: these are not byte for byte the published files; whether they are LPIPS v0.1 is yours to know',
    );
  }
  terminal.print(json ? toJson({ name: `lpips-${network}`, file, published }) : `lpips-${network} is kept in ${file}.`);
}

function help(): string {
  const published = NETWORKS.flatMap((network) => [
    `  lpips-${network}`,
    ...PUBLISHED_WEIGHTS[network].map(({ url, bytes }) => `    ${url} (${size(bytes)})`),
  ]);
  return `
LPIPS v0.1 is a backbone of torchvision and linear heads of its own. Their authors publish both, and --download fetches
them. For a machine without a network fetch them elsewhere:
${published.join('\n')}
Where PyTorch and the lpips package are in use they are already in ~/.cache/torch/hub/checkpoints and in lpips/weights/v0.1.
Files are read as data: nothing in a .pth is run.
${examples(
  'arrowhead weights add lpips-alex --download',
  'arrowhead weights add lpips-vgg vgg16-397923af.pth vgg.pth',
  'arrowhead weights list --json',
)}`;
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.ceil(bytes / 1e6)} MB`;
}
