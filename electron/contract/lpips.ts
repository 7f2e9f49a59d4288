import { z } from 'zod';

/** The networks that LPIPS v0.1 was published with. */
export const lpipsNetwork = z.enum(['alex', 'vgg', 'squeeze']);
export type LpipsNetwork = z.output<typeof lpipsNetwork>;

/** Why a number is missing: no weights, or pictures below 64×64. */
export const lpipsMissing = z.enum(['weights', 'size']);
export type LpipsMissing = z.output<typeof lpipsMissing>;

export const LPIPS_TITLES: Readonly<Record<LpipsNetwork, string>> = {
  alex: 'AlexNet',
  vgg: 'VGG16',
  squeeze: 'SqueezeNet',
};

/** As calibration's LPIPS has it. */
const LEAST_SIZE = 64;

/** Why pictures of a size that were compared by AlexNet have no LPIPS. */
export function whyMissing({ width, height }: { readonly width: number; readonly height: number }): LpipsMissing {
  return Math.min(width, height) < LEAST_SIZE ? 'size' : 'weights';
}

/** How the command line is called in a clone of Arrowhead. */
export const DEFAULT_COMMAND = 'npx arrowhead';

/** Downloads a network's weights to where the host's user keeps them. `command`: how the command line is called there. */
export function addWeightsCommand(network: LpipsNetwork, command = DEFAULT_COMMAND): string {
  return `${command} weights add lpips-${network} --download`;
}

export const MISSING_WEIGHTS = 'LPIPS needs weights that cannot ship with Arrowhead.';

/** What stands wherever LPIPS would, in the window, the report and on the command line. No other number takes its place. */
export function explainMissingLpips(missing: LpipsMissing, network: LpipsNetwork, command = DEFAULT_COMMAND): string {
  if (missing === 'size') return 'LPIPS is for pictures of at least 64×64';
  return `${MISSING_WEIGHTS} To add them: ${addWeightsCommand(network, command)}`;
}
