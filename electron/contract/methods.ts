import { type HeadMethod, parseMethod } from '../../mmdit/attention/method.ts';

export { formatMethod } from '../../mmdit/attention/method.ts';

/** What its name says; null for a name that is none of ours, as tables of other programs may hold. */
export function readMethod(name: string): HeadMethod | null {
  try {
    return parseMethod(name);
  } catch {
    return null;
  }
}

/** For people: "full", "arrow 1/8", "arrow 1/8 + residual", "CFG shared", "CFG shared arrow 1/8", "cached". */
export function methodLabel(name: string): string {
  const method = readMethod(name);
  if (method === null || method.kind === 'cached') return name;
  const arrow = method.kind === 'arrow' ? [`arrow 1/${method.fraction}`] : [];
  const shared = method.sharesGuidance ? ['CFG shared'] : [];
  const words = [...shared, ...arrow].join(' ') || 'full';
  return method.kind === 'arrow' && method.residual ? `${words} + residual` : words;
}

/** Arrow windows among methods, each once, wide to narrow. */
export function windowFractions(methods: readonly string[]): readonly number[] {
  return [...new Set(methods.map(fractionOf))].filter((fraction) => fraction !== null).sort((a, b) => a - b);
}

function fractionOf(name: string): number | null {
  const method = readMethod(name);
  return method?.kind === 'arrow' ? method.fraction : null;
}

const TITLES = ['Full', 'Arrow', 'Arrow + residual', 'CFG shared', 'CFG shared + residual', 'Reuse', 'Other'] as const;

export interface MethodGroup {
  readonly title: (typeof TITLES)[number];
  readonly methods: readonly {
    readonly name: string;
    /** What is not in the title: "1/8", "full", "cached". */
    readonly label: string;
  }[];
}

/** Methods by family, windows from wide to narrow; only families that have any. */
export function groupMethods(names: readonly string[]): readonly MethodGroup[] {
  return TITLES.map((title) => ({
    title,
    methods: names
      .filter((name) => titleOf(readMethod(name)) === title)
      .toSorted((a, b) => (fractionOf(a) ?? 0) - (fractionOf(b) ?? 0))
      .map((name) => ({ name, label: labelWithin(name) })),
  })).filter(({ methods }) => methods.length > 0);
}

/** Whether any of them shares guidance or adds a residual: then windows alone do not tell methods apart. */
export function hasVariants(names: readonly string[]): boolean {
  return groupMethods(names).some(({ title }) => title.startsWith('CFG') || title.endsWith('residual'));
}

/** In the order of the groups: what a list of candidates is sorted by. */
export function sortMethods(names: readonly string[]): string[] {
  return groupMethods(names).flatMap(({ methods }) => methods.map(({ name }) => name));
}

function titleOf(method: HeadMethod | null): (typeof TITLES)[number] {
  if (method === null) return 'Other';
  if (method.kind === 'cached') return 'Reuse';
  const residual = method.kind === 'arrow' && method.residual;
  if (method.sharesGuidance) return residual ? 'CFG shared + residual' : 'CFG shared';
  if (method.kind === 'full') return 'Full';
  return residual ? 'Arrow + residual' : 'Arrow';
}

function labelWithin(name: string): string {
  const method = readMethod(name);
  if (method === null) return name;
  return method.kind === 'arrow' ? `1/${method.fraction}` : method.kind;
}
