import { InvalidArgumentError } from 'commander';

/** `0.2,0.4,1`: values split by commas, each once. `parse` throws InvalidArgumentError, as commander's parsers do. */
export function parseList<T>(parse: (text: string) => T): (text: string) => readonly T[] {
  return (text) => {
    const values = text.split(',').map((part) => parse(part.trim()));
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw new InvalidArgumentError(`${twice} is given twice.`);
    return values;
  };
}

/** One of a few words. */
export function parseWord<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((known) => known === text);
    if (word === undefined) throw new InvalidArgumentError(`"${text}" is none of ${words.join(', ')}.`);
    return word;
  };
}
