import { InvalidArgumentError } from 'commander';
import { type HeadMethod, parseMethod } from '../../../mmdit/attention/method.ts';

/** `arrow/8,arrow/16+residual,cached`: the methods offered to the search, without `full`, which always is. */
export function parseCandidates(text: string): readonly HeadMethod[] {
  const names = text.split(',').map((name) => name.trim());
  const methods = names.map((name) => {
    try {
      return parseMethod(name);
    } catch {
      throw new InvalidArgumentError(
        `"${name}" is no method: give arrow/F (F from 1 to 9999), arrow/F+residual, cfg, cfg+arrow/F or cached, split by commas.`,
      );
    }
  });
  if (names.includes('full')) throw new InvalidArgumentError('full is always offered; leave it out.');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new InvalidArgumentError(`${twice} is given twice.`);
  return methods;
}
