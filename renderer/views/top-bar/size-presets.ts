import type { Sampling, SamplingDescription } from '../../../electron/contract.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Width ÷ height: square, photo, film; each also upright. */
const RATIOS = [1, 4 / 3, 3 / 2, 16 / 9, 3 / 4, 2 / 3, 9 / 16];
/** Squares against the model's own size. */
const SCALES = [0.5, 2];

/**
 * Sizes worth offering beside the model's own: smaller and larger ones, and other ratios at about the same area; all
 * rounded to what one token covers. The model has to be asked which of them it can make.
 */
export function sizeCandidates({ width, height, tokenGrid }: Size & Pick<SamplingDescription, 'tokenGrid'>): Size[] {
  const pixelsPerToken = Math.max(1, Math.round(width / Math.max(1, tokenGrid.columns)));
  const round = (pixels: number) => Math.max(1, Math.round(pixels / pixelsPerToken)) * pixelsPerToken;
  const scaled = SCALES.map((scale) => ({ width: round(width * scale), height: round(height * scale) }));
  const side = Math.sqrt(width * height);
  const shaped = RATIOS.map((ratio) => ({
    width: round(side * Math.sqrt(ratio)),
    height: round(side / Math.sqrt(ratio)),
  }));
  const known = new Set<string>();
  return [{ width, height }, ...scaled, ...shaped].filter((size) => {
    const key = showSize(size);
    const fresh = !known.has(key);
    known.add(key);
    return fresh;
  });
}

export function showSize({ width, height }: Size): string {
  return `${width} × ${height}`;
}

export function sameSampling(a: Sampling, b: Sampling): boolean {
  return a.steps === b.steps && a.guidance === b.guidance && a.width === b.width && a.height === b.height;
}
