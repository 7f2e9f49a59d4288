import { type Command, Option } from 'commander';
import { explainMissingLpips, LPIPS_TITLES, type LpipsNetwork, lpipsNetwork } from '../../contract/lpips.ts';
import type { CliContext } from '../cli-context.ts';
import { addOutputOptions, type OutputOptions } from '../common-options.ts';
import { examples } from '../examples.ts';
import { formatTable } from '../format.ts';
import { toJson } from '../json.ts';
import { commandName } from '../../engine/command-name.ts';

interface CompareOptions extends OutputOptions {
  readonly lpips: LpipsNetwork;
}

export function compareCommand(program: Command, { terminal }: CliContext): void {
  const command = program
    .command('compare')
    .summary('measure how far two pictures are apart')
    .description(
      'Measure how far two pictures of one size are apart: SSIM (scikit-image, RGB, 7×7 uniform window), PSNR and LPIPS.',
    )
    .argument('<a.png>', 'the reference, an 8-bit PNG')
    .argument('<b.png>', 'the picture to judge')
    .addOption(new Option('--lpips <network>', "LPIPS's network").choices(lpipsNetwork.options).default('alex'))
    .addHelpText(
      'after',
      `
LPIPS is v0.1 with inputs in [−1, 1], as its authors compute it. Beside it stands the same with inputs in [0, 1]: that is
what DiTFastAttnV2's published script computes, and compares with its figures alone.

With --json: { identical, width, height, ssim, psnr, mse, lpipsNetwork, lpips, lpipsPaper, lpipsMissing }. The PSNR of
equal pictures is infinite, which JSON cannot say: then psnr is null and identical is true. lpips and lpipsPaper are null
where lpipsMissing is "weights" (the network's are not installed: ${commandName()} weights --help) or "size" (below 64×64).
${examples(
  'arrowhead compare original.png compressed.png',
  'arrowhead compare original.png compressed.png --lpips vgg --json',
)}`,
    );
  addOutputOptions(command).action(async (a: string, b: string, options: CompareOptions) => {
    const { comparePictures } = await import('../../engine/compare-pictures.ts');
    const result = await comparePictures(a, b, options.lpips);
    if (options.json) return terminal.print(toJson(result));
    const { ssim, psnr, lpips, lpipsPaper, lpipsNetwork, lpipsMissing, identical } = result;
    const title = `LPIPS (${LPIPS_TITLES[lpipsNetwork]})`;
    terminal.print(
      formatTable(
        [],
        [
          ['SSIM', ssim.toFixed(6)],
          ['PSNR', identical ? '∞ dB (equal pictures)' : `${psnr.toFixed(4)} dB`],
          [title, lpips?.toFixed(6) ?? '–'],
          ...(lpipsPaper === null ? [] : [[`${title}, inputs in [0, 1]`, lpipsPaper.toFixed(6)]]),
        ],
      ),
    );
    if (lpipsMissing !== null) terminal.note(explainMissingLpips(lpipsMissing, lpipsNetwork, commandName()));
  });
}
