import { type RequestName, requests } from '../../../../electron/contract.ts';
import { BASE_JOBS, BASE_REQUESTS } from './base-requests.ts';
import type { Random } from './random.ts';

type Container = Record<string, unknown> | unknown[];

const NAMES = Object.keys(requests) as RequestName[];
/** Slow where they are valid, or of consequence for most others. */
const SELDOM = new Set<RequestName>(['settings.set', 'models.describeSampling', 'runs.list', 'runs.delete']);

export interface Places {
  /** A folder that the host must not touch; paths to it are among the values. */
  readonly decoy: string;
  /** A run that is there. */
  readonly run: string;
}

/** A request of the contract with some of its fields replaced by what no good client sends. */
export function hostileRequest(random: Random, { decoy, run }: Places): { request: string; params: unknown } {
  if (random.below(50) === 0) return { request: String(hostileValue(random, decoy)).slice(0, 64), params: {} };
  let name = random.pick(NAMES);
  if (SELDOM.has(name) && random.below(8) > 0) name = 'runs.restore';
  const base = name === 'jobs.start' ? { job: random.pick(BASE_JOBS) } : BASE_REQUESTS[name];
  const holder: { params: unknown } = { params: withRun(structuredClone(base), random.below(2) ? run : 'x') };
  for (let edits = random.pick([0, 1, 1, 1, 2, 3]); edits > 0; edits -= 1) spoil(holder, random, decoy);
  return { request: name, params: withoutWork(name, holder.params) };
}

/** The base requests name a run `x`, which is not there. */
function withRun(value: unknown, run: string): unknown {
  if (isContainer(value))
    for (const [key, field] of Object.entries(value))
      if (key === 'run') (value as Record<string, unknown>)[key] = run;
      else withRun(field, run);
  return value;
}

/** Replaces, adds or removes one field at a random depth. */
function spoil(holder: { params: unknown }, random: Random, decoy: string): void {
  let container: Container = holder as Container;
  let key: string | number = 'params';
  for (;;) {
    const value: unknown = (container as Record<string | number, unknown>)[key];
    const keys = isContainer(value) ? Object.keys(value) : [];
    if (keys.length === 0 || random.below(4) === 0) break;
    container = value as Container;
    key = Array.isArray(value) ? random.below(value.length) : random.pick(keys);
  }
  const target = container as Record<string | number, unknown>;
  switch (random.below(8)) {
    case 0:
      if (Array.isArray(container)) container.splice(Number(key), 1);
      else if (target !== (holder as object)) delete target[key];
      break;
    case 1:
      if (Array.isArray(container))
        container.push(...new Array(random.below(isContainer(target[key]) ? 20 : 2000)).fill(target[key]));
      else target[random.pick(['more', 'constructor', 'toString', 'run', 'kind'])] = hostileValue(random, decoy);
      break;
    default:
      target[key] = hostileValue(random, decoy, target[key]);
  }
}

/** Mostly of the type of what it replaces, so that it gets past the first check. */
function hostileValue(random: Random, decoy: string, replaced?: unknown): unknown {
  const alike = random.below(4) > 0 ? typeof replaced : '';
  if (alike === 'string') return hostileString(random, decoy);
  if (alike === 'number') return random.pick(NUMBERS);
  if (alike === 'boolean') return random.below(2) === 0;
  if (replaced instanceof Uint8Array && alike !== '') return random.bytes(random.below(512));
  return random.pick<() => unknown>([
    () => hostileString(random, decoy),
    () => random.pick(NUMBERS),
    () => random.pick([null, true, false, [], {}, [[]], { $array: 0 }, [null]]),
    () => nested(random.below(20)),
    () => new Float32Array(random.below(64)).fill(Number.NaN),
    () => random.bytes(random.below(256)),
  ])();
}

const NUMBERS = [-1, 0, 1, 2, 0.5, -0, 1e308, -1e308, 2 ** 31, 2 ** 53, 5e-324, 1e6 + 1, 1000, 1024, 65_536, 65_537];
const WORDS = ['arrow/8', 'arrow/9999', 'arrow/0', 'full', 'cached', 'flops', 'measured', 'x', 'resume', 'sweep'];
const ENTRIES = [
  '.workbench',
  '.trash',
  'run.json',
  'settings.json',
  'rse.safetensors',
  'original.png',
  '__proto__',
  'constructor',
];
const PATHS = [
  '..',
  '.',
  '/',
  '',
  '\0',
  '~',
  '-rf',
  'NUL',
  'con',
  '..\\decoy',
  'x/../../decoy',
  '%2e%2e%2fdecoy',
  '/proc/self',
  '/dev',
  '/etc',
];
const TEXTS = [
  'é́',
  '\u202e',
  '\ud800',
  '😀',
  '\u0000',
  '\n',
  ' ',
  'null',
  'NaN',
  '1',
  '<img src=x onerror=1>',
  "'; rm -rf /",
];

function hostileString(random: Random, decoy: string): string {
  return random.pick<() => string>([
    () => `${'../'.repeat(1 + random.below(8))}decoy/secret.txt`,
    () => random.pick([decoy, `${decoy}/secret.txt`, `${decoy}/model_index.json`, `file://${decoy}`]),
    () => random.pick(PATHS),
    () => random.pick(ENTRIES),
    () => random.pick(WORDS),
    () => random.pick(TEXTS),
    () => 'x'.repeat(random.below(random.pick([10, 300, 30_000]))),
    () => String.fromCharCode(...random.bytes(random.below(40))),
  ])();
}

function nested(depth: number): unknown {
  let value: unknown = 'x';
  for (let i = 0; i < depth; i += 1) value = i % 2 ? [value] : { run: value };
  return value;
}

/** Takes the demo out of what could start hours of honest work: null means the demo there. */
function withoutWork(name: RequestName, params: unknown): unknown {
  const wish = name === 'jobs.start' && isContainer(params) ? (params as Record<string, unknown>).job : params;
  const starts = name === 'jobs.start' || name === 'attention.map';
  if (starts && isContainer(wish) && (wish as Record<string, unknown>).model === null)
    (wish as Record<string, unknown>).model = '/nowhere';
  return params;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}
