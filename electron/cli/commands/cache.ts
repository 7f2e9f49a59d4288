import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions, type OutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatBytes } from '../format.ts';
import { toJson } from '../json.ts';

export function cacheCommand(program: Command, { terminal }: CliContext): void {
  const cache = program
    .command('cache')
    .summary('prompt embeddings kept on disk: how much there is, or delete them')
    .description('See or delete the embeddings of prompts that were used before, which spare the text encoders.')
    .addHelpText(
      'after',
      `
They are in ~/.arrowhead/embeddings (ARROWHEAD_HOME names another home), of at most 1 GiB. ARROWHEAD_CACHE says how
many MiB instead; 0 keeps none. What was used longest ago goes first.
${examples('arrowhead cache list', 'arrowhead cache clear --json')}`,
    );
  const list = cache.command('list').description('Say how much is kept, and where.');
  addOutputOptions(list).action(async (options: OutputOptions) => {
    const embeddings = await openFolder();
    const { folder, maxBytes } = embeddings;
    const { count, bytes } = await embeddings.size();
    if (options.json) return terminal.print(toJson({ folder, count, bytes, maxBytes }));
    terminal.print(`${describe(count, bytes)} of at most ${formatBytes(maxBytes)} in ${folder}`);
  });
  const clear = cache.command('clear').description('Delete them.');
  addOutputOptions(clear).action(async (options: OutputOptions) => {
    const embeddings = await openFolder();
    const { count, bytes } = await embeddings.clear();
    if (options.json) return terminal.print(toJson({ folder: embeddings.folder, count, bytes }));
    terminal.print(`${describe(count, bytes)} deleted from ${embeddings.folder}`);
  });
}

async function openFolder() {
  const { EmbeddingFolder } = await import('../../../mmdit/index.ts');
  return EmbeddingFolder.inHome();
}

function describe(count: number, bytes: number): string {
  return `${count} prompt embedding${count === 1 ? '' : 's'}, ${formatBytes(bytes)},`;
}
