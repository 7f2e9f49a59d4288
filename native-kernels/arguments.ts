/** A kernel was called with an argument that it cannot take. Names the argument, what was expected and what was found. */
export class KernelArgumentError extends TypeError {
  override readonly name = 'KernelArgumentError';
  readonly argument: string;

  constructor(argument: string, expected: string, found: string) {
    super(`Kernel argument "${argument}": expected ${expected}, found ${found}`);
    this.argument = argument;
  }
}

export function requireInteger(argument: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new KernelArgumentError(argument, `an integer from ${least} to ${most}`, String(value));
  }
}

/** Sizes multiply to a count that an index can hold. */
export function countOf(argument: string, ...factors: readonly number[]): number {
  const count = factors.reduce((product, factor) => product * factor, 1);
  if (!Number.isSafeInteger(count))
    throw new KernelArgumentError(argument, 'sizes whose product fits', factors.join(' × '));
  return count;
}

export function requireFloats(argument: string, value: Float32Array, count: number): void {
  requireArray(argument, value, Float32Array, count);
}

export function requireArray<T extends Float32Array | Int32Array | Uint8Array>(
  argument: string,
  value: T,
  type: new (length: number) => T,
  count: number,
): void {
  if (!(value instanceof type)) throw new KernelArgumentError(argument, `a ${type.name}`, describe(value));
  // A resizable buffer can shrink while a kernel writes to it. Detached ones have length 0.
  if (value.buffer instanceof ArrayBuffer && value.buffer.resizable) {
    throw new KernelArgumentError(argument, 'an array of fixed size', 'one on a resizable ArrayBuffer');
  }
  if (value.length < count) throw new KernelArgumentError(argument, `at least ${count} elements`, `${value.length}`);
}

/** The first `count` elements of an array. */
export interface Span {
  readonly array: Float32Array;
  readonly count: number;
}

/** What a kernel writes lies apart from what it reads: threads would read values that others wrote already. */
export function requireApart(argument: string, written: Span, read: Readonly<Record<string, Span>>): void {
  const end = ({ array, count }: Span) => array.byteOffset + count * array.BYTES_PER_ELEMENT;
  for (const [name, span] of Object.entries(read)) {
    const apart =
      span.array.buffer !== written.array.buffer ||
      end(span) <= written.array.byteOffset ||
      end(written) <= span.array.byteOffset;
    if (!apart) throw new KernelArgumentError(argument, `memory apart from "${name}"`, 'an overlap');
  }
}

export function requireFinite(argument: string, value: number): void {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new KernelArgumentError(argument, 'a finite number', String(value));
  }
}

function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  return `${value.constructor?.name ?? 'an object'}`;
}
