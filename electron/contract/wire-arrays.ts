import { WireError } from './wire-error.ts';

/** What a message may hold beside JSON. */
export type TypedArray = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** Levels of objects and arrays within each other. The contract needs about ten. */
export const MAX_DEPTH = 32;
const PLACEHOLDER = '$array';

type JsonObject = Record<string, unknown>;

/** Takes the typed arrays out of a message and leaves `{ "$array": i }` in their places. The message is not changed. */
export function detachArrays(message: unknown): { json: unknown; arrays: TypedArray[] } {
  const arrays: TypedArray[] = [];
  // Whether it matters is known at the end only: without arrays, a key "$array" is a key like any other.
  let placeholderKey: string | null = null;

  const detach = (value: unknown, path: string, depth: number): unknown => {
    if (isJsonLeaf(value, path)) return value;
    if (value instanceof Float32Array || value instanceof Uint8Array) {
      arrays.push(value as TypedArray);
      return { [PLACEHOLDER]: arrays.length - 1 };
    }
    if (depth >= MAX_DEPTH) throw new WireError(`${path} nests deeper than ${MAX_DEPTH}`);
    if (Array.isArray(value)) return value.map((item, i) => detach(item, `${path}[${i}]`, depth + 1));
    if (!isPlainObject(value)) throw new WireError(`${path} is ${describe(value)}: expected JSON or a typed array`);
    const copy: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      if (key === '__proto__') throw new WireError(`${path} has a key __proto__`);
      if (key === PLACEHOLDER) placeholderKey ??= path;
      copy[key] = detach(item, `${path}.${key}`, depth + 1);
    }
    return copy;
  };

  const json = detach(message, 'message', 0);
  if (arrays.length > 0 && placeholderKey !== null)
    throw new WireError(`${placeholderKey} has a key ${PLACEHOLDER}, which stands for typed arrays`);
  return { json, arrays };
}

/** Puts the arrays back into a parsed message, which is changed. Every array must be named exactly once. */
export function attachArrays(message: unknown, arrays: readonly TypedArray[]): unknown {
  const used = new Set<number>();

  const attach = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Object.hasOwn(value, PLACEHOLDER)) return take(value as JsonObject);
    requireDepth(depth);
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i += 1) value[i] = attach(value[i], depth + 1);
      return value;
    }
    const object = value as JsonObject;
    for (const key of Object.keys(object)) {
      requireHarmlessKey(key);
      object[key] = attach(object[key], depth + 1);
    }
    return object;
  };
  const take = (placeholder: JsonObject): TypedArray => {
    const i = placeholder[PLACEHOLDER];
    const array = typeof i === 'number' ? arrays[i] : undefined;
    if (array === undefined || Object.keys(placeholder).length !== 1)
      throw new WireError(`expected { "${PLACEHOLDER}": i } with i below ${arrays.length}`);
    if (used.has(i as number)) throw new WireError(`array ${i} is named twice`);
    used.add(i as number);
    return array;
  };

  const attached = attach(message, 0);
  if (used.size !== arrays.length)
    throw new WireError(`${arrays.length - used.size} arrays are not named in the message`);
  return attached;
}

/** Refuses what could overflow the stack or set a prototype further on. */
export function requireBoundedJson(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  requireDepth(depth);
  if (Array.isArray(value)) {
    for (const item of value) requireBoundedJson(item, depth + 1);
    return;
  }
  for (const key of Object.keys(value)) {
    requireHarmlessKey(key);
    requireBoundedJson((value as JsonObject)[key], depth + 1);
  }
}

function requireDepth(depth: number): void {
  if (depth >= MAX_DEPTH) throw new WireError(`expected a message that nests at most ${MAX_DEPTH} deep`);
}

function requireHarmlessKey(key: string): void {
  if (key === '__proto__') throw new WireError('expected no key __proto__');
}

function isJsonLeaf(value: unknown, path: string): boolean {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new WireError(`${path} is ${value}: only typed arrays can carry that`);
  return value === null || ['string', 'boolean', 'number'].includes(typeof value);
}

function isPlainObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : typeof value;
}
