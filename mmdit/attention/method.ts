/** What one attention head does at one denoising step (DiTFastAttnV2 §3). */
export type HeadMethod =
  | { readonly kind: 'full' }
  /** Diagonal band between image tokens, everything that touches text kept; `fraction` F gives the window 1/F. */
  | { readonly kind: 'arrow'; readonly fraction: number }
  /** The head's attention output of the step before, before the output projection. */
  | { readonly kind: 'cached' };

/** A method as files and people write it: `full`, `arrow/8`, `cached`. */
export type MethodName = string;

export const FULL: HeadMethod = { kind: 'full' };
export const CACHED: HeadMethod = { kind: 'cached' };

/** One-sided half-window in raster-order tokens: floor(imageTokens / (2F)). */
export function halfWindow(fraction: number, imageTokens: number): number {
  return Math.floor(imageTokens / (2 * fraction));
}

export function formatMethod(method: HeadMethod): MethodName {
  return method.kind === 'arrow' ? `arrow/${method.fraction}` : method.kind;
}

/** Throws RangeError for a name that is no method; the message lists the forms. */
export function parseMethod(name: MethodName): HeadMethod {
  if (name === 'full') return FULL;
  if (name === 'cached') return CACHED;
  const fraction = /^arrow\/([1-9]\d{0,3})$/.exec(name)?.[1];
  if (fraction !== undefined) return { kind: 'arrow', fraction: Number(fraction) };
  throw new RangeError(`Unknown method "${name}": expected full, cached or arrow/F with F from 1 to 9999`);
}
