import type { Command } from 'commander';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatTable } from '../format.ts';
import { toJson } from '../json.ts';

export function compareCommand(program: Command, { terminal }: CliContext): void {
  const command = program
    .command('compare')
    .summary('measure how far two pictures are apart')
    .description(
      'Measure how far two pictures of one size are apart: SSIM (scikit-image, RGB, 7×7 uniform window), PSNR and LPIPS.',
    )
    .argument('<a.png>', 'the reference, an 8-bit PNG')
    .argument('<b.png>', 'the picture to judge')
    .addHelpText(
      'after',
      `
With --json: { identical, width, height, ssim, psnr, lpips }. The PSNR of equal pictures is infinite, which JSON
cannot say: then psnr is null and identical is true. lpips is null where its network's weights
are not installed (arrowhead weights --help), and for pictures below 64×64.
${examples('arrowhead compare original.png compressed.png', 'arrowhead compare original.png compressed.png --json')}`,
    );
  addOutputOptions(command).action(async (a: string, b: string, options: { json?: boolean }) => {
    const { comparePictures } = await import('../../engine/compare-pictures.ts');
    const result = await comparePictures(a, b);
    if (options.json) return terminal.print(toJson(result));
    const { ssim, psnr, lpips, identical } = result;
    terminal.print(
      formatTable(
        [],
        [
          ['SSIM', ssim.toFixed(6)],
          ['PSNR', identical ? '∞ dB (equal pictures)' : `${psnr.toFixed(4)} dB`],
          ['LPIPS', lpips === null ? '– (add its weights: arrowhead weights add lpips-alex FILE)' : lpips.toFixed(6)],
        ],
      ),
    );
  });
}
