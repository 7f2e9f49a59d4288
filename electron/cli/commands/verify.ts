import type { Command } from 'commander';
import type { Verification } from '../../../mmdit/index.ts';
import { parseAmount } from '../arguments/numbers.ts';
import type { CliContext } from '../cli-context.ts';
import { addDeviceOption, addOutputOptions, type OutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { showProgress } from '../progress-bar.ts';
import { PIPELINE_DUMP_RECIPE } from './pipeline-dump-recipe.ts';

interface VerifyOptions extends OutputOptions {
  readonly pipeline?: boolean;
  readonly device?: string;
  readonly tolerance?: number;
}

export function verifyCommand(program: Command, { terminal, signal }: CliContext): void {
  const command = program
    .command('verify')
    .summary("check a transformer's or a pipeline's numbers against a diffusers dump")
    .description(
      'Run a transformer on the inputs of a diffusers dump, or with --pipeline a whole checkpoint on the call that a dump recorded, and compare with what diffusers computed.',
    )
    .argument('<folder>', 'a transformer folder in the diffusers layout; with --pipeline the whole checkpoint')
    .argument('<dump.safetensors>', 'in.* the arguments, out.sample and mid.* the outputs; with --pipeline see below')
    .addHelpText(
      'after',
      `
For every tensor of the dump: max is the largest absolute difference, relative is ‖ours − theirs‖ / ‖theirs‖.
With --json: { device, tensors: { name: { max, relative } } }.

A pipeline's dump holds its call as JSON in the metadata, and any of: tokens.tokenizer, tokens.tokenizer_2, tokens.tokenizer_3
(I64), prompt_embeds, pooled_prompt_embeds, the same with negative_ before them, latents.0 and on (after every step),
image (1 × 3 × height × width, from 0 to 1; compared as bytes). In Python:

${PIPELINE_DUMP_RECIPE}
${examples(
  'arrowhead verify FLUX.1-dev/transformer flux-io.safetensors',
  'arrowhead verify demo/checkpoint/transformer io.safetensors --json',
  'arrowhead verify --pipeline stable-diffusion-3.5-medium dump.safetensors --tolerance 1e-3 --device cuda',
)}`,
    );
  addDeviceOption(addOutputOptions(command), 'cpu')
    .option('--pipeline', 'run the whole checkpoint: token ids, embeddings, latents after every step, picture')
    .option('--tolerance <t>', 'fail where a tensor is further off than this, relative', parseAmount)
    .action(async (folder: string, dump: string, options: VerifyOptions) => {
      const { json, device, pipeline, tolerance } = options;
      const progress = showProgress(terminal, options.quiet ?? !pipeline);
      const { verifyDump } = await import('../../engine/verify-dump.ts');
      const result = await verifyDump(
        { folder, dump, pipeline, device },
        { signal, onProgress: (event) => progress.update(event) },
      ).finally(() => progress.stop());
      // Of JSON there is one object, the error or the result; a person sees both.
      if (!json) terminal.print(describe(result));
      if (tolerance !== undefined) requireWithin(result, tolerance);
      if (json) terminal.print(toJson(result));
    });
}

function describe({ device, tensors }: Verification): string {
  const rows = Object.entries(tensors).map(([name, { max, relative }]) => [
    name,
    max.toExponential(2),
    relative.toExponential(2),
  ]);
  return `${formatTable(['tensor', 'max', 'relative'], rows)}\non ${device}`;
}

/** Throws where a tensor is further off, or is no number. */
function requireWithin({ tensors }: Verification, tolerance: number): void {
  const worst = Object.entries(tensors).filter(([, { relative }]) => !(relative <= tolerance));
  if (worst.length === 0) return;
  const names = worst.map(([name, { relative }]) => `${name} (${relative.toExponential(2)})`).join(', ');
  throw new Error(`Further than ${tolerance} from the dump: ${names}`);
}
