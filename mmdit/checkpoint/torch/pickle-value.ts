/** What a pickle of plain data holds. A tuple is an array that nothing can be appended to. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PickleValue[]
  | PickleList
  | PickleDict
  | PickleObject;

export class PickleList {
  readonly items: PickleValue[] = [];
}

/** A dict or an OrderedDict. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
}

/** Something that the reader's user made: what a global stands for, or what a call of one gave. */
export abstract class PickleObject {
  /** For messages. */
  abstract readonly what: string;

  /** Python's `what(*args)`. Throws PickleError where that is not data. */
  call(_args: readonly PickleValue[]): PickleValue {
    throw new PickleError(`calls ${this.what}, which is no plain data`);
  }

  /** Python's `__setstate__`. Throws PickleError where it has none. */
  setState(_state: PickleValue): void {
    throw new PickleError(`sets the state of ${this.what}, which has none`);
  }
}

/** A pickle that is damaged or asks for more than data; the message goes on after "the pickle". */
export class PickleError extends Error {
  override readonly name = 'PickleError';
}

export function describePickle(value: PickleValue): string {
  if (value instanceof PickleList) return `a list of ${value.items.length}`;
  if (value instanceof PickleDict) return `a dict of ${value.entries.size}`;
  if (value instanceof PickleObject) return value.what;
  if (Array.isArray(value)) return `a tuple of ${value.length}`;
  return value === null ? 'None' : typeof value === 'string' ? `"${value.slice(0, 64)}"` : String(value);
}
