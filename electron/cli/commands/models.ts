import path from 'node:path';
import { type Command, Option } from 'commander';
import type { CheckpointReport } from '../../../mmdit/index.ts';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions, type OutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatBytes, formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { DEFAULT_LIBRARY, LIBRARY_VARIABLE } from '../../engine/library-folder.ts';
import { parsePath } from '../arguments/paths.ts';
import { ReportedFailure } from '../reported-failure.ts';

interface ListOptions extends OutputOptions {
  readonly library: string;
}

export function modelsCommand(program: Command, { terminal }: CliContext): void {
  const models = program
    .command('models')
    .summary('checkpoints: what is in a folder, and which the workbench lists')
    .description('Look into checkpoint folders in the diffusers layout, and keep the list that the workbench offers.')
    .addHelpText(
      'after',
      examples(
        'arrowhead models info FLUX.1-dev',
        'arrowhead models add /data/stable-diffusion-3.5-large --library /data/runs',
        'arrowhead models list --json',
      ),
    );

  const info = models
    .command('info')
    .description(
      'Family, size, dtype, heads, memory and what is missing, without reading weights. Exits 1 where it cannot be used.',
    )
    .argument('<folder>', 'a checkpoint folder');
  addOutputOptions(info).action(async (folder: string, options: OutputOptions) => {
    const { inspectCheckpoint, SUPPORTED_PIPELINES } = await import('../../../mmdit/index.ts');
    const report = await inspectCheckpoint(folder);
    terminal.print(options.json ? toJson(report) : describe(report, SUPPORTED_PIPELINES));
    const cannotRun = report.family === null || report.parts.some(({ problem }) => problem !== null);
    if (cannotRun) throw new ReportedFailure();
  });

  const list = addLibrary(models.command('list').description('The checkpoints that the workbench lists.'));
  addOutputOptions(list).action(async (options: ListOptions) => {
    const found = (await openList(options.library)).list();
    if (options.json) return terminal.print(toJson({ models: found }));
    const rows = found.map(({ name, folder, problem }) => [name, folder, problem ?? 'there']);
    terminal.print(formatTable(['model', 'folder', 'state'], rows));
  });

  const add = addLibrary(
    models.command('add').description('Add a checkpoint folder.').argument('<folder>', 'a checkpoint folder'),
  );
  addOutputOptions(add).action(async (folder: string, options: ListOptions) => {
    const added = await (await openList(options.library)).add(path.resolve(folder));
    terminal.print(options.json ? toJson(added) : `${added.name} is in the list: ${added.folder}`);
  });

  const remove = addLibrary(
    models
      .command('remove')
      .description('Take a checkpoint folder off the list; the folder stays.')
      .argument('<folder>', 'as the list names it'),
  );
  addOutputOptions(remove).action(async (folder: string, options: ListOptions) => {
    const id = path.resolve(folder);
    await (await openList(options.library)).remove(id);
    terminal.print(options.json ? toJson({ removed: id }) : `${id} is off the list; the folder is where it was.`);
  });
}

function addLibrary(command: Command): Command {
  return command.addOption(
    new Option('--library <folder>', 'folder of runs, whose workbench it is')
      .env(LIBRARY_VARIABLE)
      .default(DEFAULT_LIBRARY)
      .argParser(parsePath),
  );
}

async function openList(library: string) {
  const { openModelList } = await import('../../host/models/open-model-list.ts');
  return openModelList(path.resolve(library));
}

function describe(report: CheckpointReport, supported: readonly string[]): string {
  const { folder, name, pipeline, notice, family, synthetic, transformer, parts, ignored, links, licence } = report;
  const facts: string[][] = [
    ['model', name],
    ['folder', folder],
    ['pipeline', family ? pipeline : `${pipeline}, which is not supported; ${supported.join(' and ')} are`],
  ];
  if (notice !== null) facts.push(['note', notice]);
  if (transformer) {
    const { parameters, dtypes, blocks, heads, headDim, memory } = transformer;
    facts.push(['attention', `${blocks} blocks, ${heads} heads × ${headDim}`]);
    const stored = synthetic ? 'made from a seed when it is opened' : Object.keys(dtypes).join(', ');
    facts.push(['transformer', `${formatParameters(parameters)}, ${stored}`]);
    const { cpu, cuda, cudaFp8 } = memory;
    const places = [`cpu ${formatBytes(cpu)}`, `cuda ${formatBytes(cuda)}`, `cuda+fp8 ${formatBytes(cudaFp8)}`];
    facts.push(['weights in memory', places.join(', ')]);
  }
  if (ignored.length > 0) facts.push(['without effect', `${ignored.join(', ')} in model_index.json`]);
  for (const { path: inside, target } of links) facts.push(['link out of it', `${inside} → ${target}`]);
  facts.push(['licence', licence ?? 'no file']);
  const rows = parts.map(({ name, className, bytes, problem }) => [
    name,
    className ?? '–',
    bytes === null ? '' : formatBytes(bytes),
    problem ?? 'there',
  ]);
  return `${formatTable([], facts)}\n\n${formatTable(['part', 'class', 'size', 'state'], rows)}`;
}

function formatParameters(count: number): string {
  const [size, unit] = count >= 1e9 ? [1e9, 'billion'] : [1e6, 'million'];
  return `${(count / size).toPrecision(3)} ${unit} parameters`;
}
