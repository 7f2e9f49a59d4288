import { formatMethod, sortMethods } from '../../../electron/contract/methods.ts';

/** What an arrow of any window can be offered as. */
export const VARIANTS = ['alone', 'residual', 'shared', 'shared-residual'] as const;
export type Variant = (typeof VARIANTS)[number];

export function sharesGuidance(variant: Variant): boolean {
  return variant.startsWith('shared');
}

/** "cfg+arrow/8" */
export function arrowAs(fraction: number, variant: Variant): string {
  return formatMethod({
    kind: 'arrow',
    fraction,
    ...(variant.endsWith('residual') && { residual: true }),
    ...(sharesGuidance(variant) && { sharesGuidance: true }),
  });
}

/** How many of the windows are offered as this variant; windows may have been chosen differently one by one. */
export function extentOf(
  candidates: readonly string[],
  windows: readonly number[],
  variant: Variant,
): 'all' | 'some' | 'none' {
  const having = windows.filter((fraction) => candidates.includes(arrowAs(fraction, variant))).length;
  if (having === 0) return 'none';
  return having === windows.length ? 'all' : 'some';
}

export function withMethods(candidates: readonly string[], names: readonly string[], on: boolean): string[] {
  const others = candidates.filter((name) => !names.includes(name));
  return sortMethods(on ? [...others, ...names] : others);
}

/** A window as whatever the others are; the first one alone. */
export function withWindow(
  candidates: readonly string[],
  windows: readonly number[],
  fraction: number,
  on: boolean,
): string[] {
  const known = VARIANTS.filter((variant) => extentOf(candidates, windows, variant) !== 'none');
  const variants = !on ? VARIANTS : known.length > 0 ? known : (['alone'] as const);
  return withMethods(
    candidates,
    variants.map((variant) => arrowAs(fraction, variant)),
    on,
  );
}
