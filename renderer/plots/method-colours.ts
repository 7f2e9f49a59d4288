/**
 * One colour per method, told apart by people with any colour vision (after the Okabe–Ito palette): `full` neutral,
 * `cached` orange, arrows from blue to green, wider windows darker. The same in light and dark.
 */
const FULL = '#8b97a3';
const CACHED = '#e69f00';
const ARROWS = ['#0072b2', '#3a9ad9', '#7cc4f0', '#009e73', '#5fc9a5', '#b3e2d0'];
const OTHERS = ['#cc79a7', '#f0e442', '#d55e00'];

/** Colours in the order of `methods`; arrows are coloured by their rank among the methods offered. */
export function methodColours(methods: readonly string[]): readonly string[] {
  const arrows = methods.filter(isArrow).toSorted((a, b) => fractionOf(a) - fractionOf(b));
  const others = methods.filter((method) => method !== 'full' && method !== 'cached' && !isArrow(method));
  return methods.map((method) => {
    if (method === 'full') return FULL;
    if (method === 'cached') return CACHED;
    if (isArrow(method)) return ARROWS[arrows.indexOf(method) % ARROWS.length]!;
    return OTHERS[others.indexOf(method) % OTHERS.length]!;
  });
}

/** For legends: "full", "arrow 1/8", "cached". */
export function methodLabel(method: string): string {
  return isArrow(method) ? `arrow 1/${fractionOf(method)}` : method;
}

function isArrow(method: string): boolean {
  return /^arrow\/\d+$/.test(method);
}

function fractionOf(method: string): number {
  return Number(method.slice('arrow/'.length));
}
