import { type ModelDescription, type Sampling, type SamplingDescription, SamplingError } from '../../mmdit/index.ts';

/** What the user asked for; the rest is the scheme's or the model's own. */
export interface SamplingWish {
  readonly steps?: number | undefined;
  readonly guidance?: number | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** The sampling asked for, completed from `base`. */
export function completeSampling(wish: SamplingWish, base: Sampling): Sampling {
  return {
    steps: wish.steps ?? base.steps,
    guidance: wish.guidance ?? base.guidance,
    width: wish.width ?? base.width,
    height: wish.height ?? base.height,
  };
}

/** How far from a size that the model can't make we look for ones that it can. */
const SEARCH_PIXELS = 128;

/** describeSampling, but a size that the model can't make is refused with the nearest ones that it can. */
export function checkSampling(model: ModelDescription, sampling: Sampling): SamplingDescription {
  try {
    return model.describeSampling(sampling);
  } catch (error) {
    const sizes = nearestSizes(model, sampling);
    if (error instanceof SamplingError && sizes.length > 0) {
      throw new SamplingError(`${error.message}. The nearest sizes that it can make: ${sizes.join(', ')}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** The model's sizes just below and above, as `WxH`; empty where the size is not what is wrong. */
function nearestSizes(model: ModelDescription, sampling: Sampling): readonly string[] {
  const { width: nativeWidth, height: nativeHeight } = model.defaults;
  if (makes(model, sampling) || !makes(model, { ...sampling, width: nativeWidth, height: nativeHeight })) return [];
  const widths = nearest(sampling.width, (width) => makes(model, { ...sampling, width, height: nativeHeight }));
  const heights = nearest(sampling.height, (height) => makes(model, { ...sampling, width: nativeWidth, height }));
  const pairs = widths.flatMap((width) => heights.map((height) => ({ width, height })));
  const possible = pairs.filter((size) => makes(model, { ...sampling, ...size }));
  return [...new Set(possible.map(({ width, height }) => `${width}x${height}`))];
}

function nearest(wanted: number, possible: (value: number) => boolean): readonly number[] {
  if (possible(wanted)) return [wanted];
  const distances = Array.from({ length: SEARCH_PIXELS }, (_, index) => index + 1);
  const below = distances.map((distance) => wanted - distance).find((value) => value > 0 && possible(value));
  const above = distances.map((distance) => wanted + distance).find(possible);
  return [below, above].filter((value) => value !== undefined);
}

function makes(model: ModelDescription, sampling: Sampling): boolean {
  try {
    model.describeSampling(sampling);
    return true;
  } catch {
    return false;
  }
}
