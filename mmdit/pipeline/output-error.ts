/** A model put out what no picture can be made of. Says at which step and layer, and what usually causes it. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/**
 * What is wrong with a tensor of several samples, one after another: "NaN (element 41 of 100)", or one value everywhere
 * in a sample. null where nothing is.
 */
export function findFault(values: Float32Array, samples: number): string | null {
  // One pass: whatever is no number makes the sum none.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (!Number.isFinite(sum)) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `${values[at]} (element ${at} of ${values.length})`;
  }
  const size = values.length / samples;
  for (let sample = 0; sample < samples; sample++) {
    const own = values.subarray(sample * size, (sample + 1) * size);
    if (own.length > 1 && own.every((value) => value === own[0])) {
      return `${own[0]} everywhere${samples === 1 ? '' : ` in sample ${sample + 1}`}`;
    }
  }
  return null;
}

/** Of a prediction with a fault: everything after it would be lost, and the end black. `layer`: where it began, if known. */
export function predictionError(fault: string, layer: string | null, step: number, steps: number): OutputError {
  const where = layer === null ? 'every attention output was sound' : `first seen in the attention output of ${layer}`;
  return new OutputError(
    `At step ${step + 1} of ${steps} the model put out ${fault}; ${where}. A damaged checkpoint, or values beyond its dtype, do that: check the weights (arrowhead verify), and try another device or bf16 weights`,
  );
}

/** Throws OutputError where the VAE put out what is no number, which would become black or white pixels. */
export function requirePixels(values: Float32Array, index: number): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw new OutputError(
    `The VAE put out ${values[at]} (element ${at} of ${values.length}) for picture ${index + 1}, though its latents were sound: the VAE is damaged, or its values are beyond what its dtype holds. Use a VAE in bf16 or float32`,
  );
}

/** Throws OutputError where a picture is one flat colour, as it is when latents were lost on the way. */
export function requirePicture(pixels: Uint8Array, index: number, steps: number): void {
  const [red, green, blue] = pixels;
  for (let i = 3; i < pixels.length; i += 3)
    if (pixels[i] !== red || pixels[i + 1] !== green || pixels[i + 2] !== blue) return;
  throw new OutputError(
    `Picture ${index + 1} is one flat colour (${red}, ${green}, ${blue}), though what the model put out at all ${steps} steps was not: the VAE is damaged, or does not belong to this model`,
  );
}
