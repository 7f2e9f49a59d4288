import { existsSync } from 'node:fs';
import { WEIGHT_NAMES, weightsFile } from '../../calibration/index.ts';

/** Every network that metrics can use, with the file of its weights; null where they are not installed. */
export function installedWeights(): readonly { readonly name: string; readonly file: string | null }[] {
  return WEIGHT_NAMES.map((name) => {
    const file = weightsFile(name);
    return { name, file: existsSync(file) ? file : null };
  });
}
