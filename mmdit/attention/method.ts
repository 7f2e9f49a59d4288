/** What one attention head does at one denoising step (DiTFastAttnV2 §3, DiTFastAttn §3). */
export type HeadMethod = FullMethod | ArrowMethod | CachedMethod;

interface Shareable {
  /**
   * CFG sharing: only the guided half of the batch is computed, and the unguided half gets a copy. The guided half is the
   * second, as diffusers orders it.
   */
  readonly sharesGuidance?: true;
}

export interface FullMethod extends Shareable {
  readonly kind: 'full';
}

/** Diagonal band between image tokens, everything that touches text kept; `fraction` F gives the window 1/F. */
export interface ArrowMethod extends Shareable {
  readonly kind: 'arrow';
  readonly fraction: number;
  /** Residual sharing: what full attention had over this arrow at the head's last full step is added. */
  readonly residual?: true;
}

/** The head's attention output of the step before, before the output projection. */
export interface CachedMethod {
  readonly kind: 'cached';
}

/** A method as files and people write it: `full`, `arrow/8`, `arrow/8+residual`, `cfg`, `cfg+arrow/8`, `cached`. */
export type MethodName = string;

export const FULL: HeadMethod = { kind: 'full' };
export const CACHED: HeadMethod = { kind: 'cached' };

/** The names that `parseMethod` takes, for messages. */
export const METHOD_FORMS = 'full, cached, cfg, arrow/F, arrow/F+residual, cfg+arrow/F or cfg+arrow/F+residual';

/** One-sided half-window in raster-order tokens: floor(imageTokens / (2F)). */
export function halfWindow(fraction: number, imageTokens: number): number {
  return Math.floor(imageTokens / (2 * fraction));
}

export function sharesGuidance(method: HeadMethod): boolean {
  return method.kind !== 'cached' && method.sharesGuidance === true;
}

/** The window whose residual a method adds; null where it adds none. */
export function residualFraction(method: HeadMethod): number | null {
  return method.kind === 'arrow' && method.residual ? method.fraction : null;
}

/** Windows whose residuals these methods add, each once. */
export function residualFractions(methods: readonly HeadMethod[]): readonly number[] {
  return [...new Set(methods.map(residualFraction))].filter((fraction) => fraction !== null);
}

export function formatMethod(method: HeadMethod): MethodName {
  if (method.kind === 'cached') return 'cached';
  const shared = method.sharesGuidance ? ['cfg'] : [];
  if (method.kind === 'full') return shared[0] ?? 'full';
  return [...shared, `arrow/${method.fraction}`, ...(method.residual ? ['residual'] : [])].join('+');
}

/** Throws RangeError for a name that is no method; the message lists the forms. */
export function parseMethod(name: MethodName): HeadMethod {
  if (name === 'full') return FULL;
  if (name === 'cached') return CACHED;
  if (name === 'cfg') return { kind: 'full', sharesGuidance: true };
  const [, shared, fraction, residual] = /^(cfg\+)?arrow\/([1-9]\d{0,3})(\+residual)?$/.exec(name) ?? [];
  if (fraction === undefined)
    throw new RangeError(`Unknown method "${name}": expected ${METHOD_FORMS}, with F from 1 to 9999`);
  return {
    kind: 'arrow',
    fraction: Number(fraction),
    ...(residual && { residual: true }),
    ...(shared && { sharesGuidance: true }),
  };
}
