/** A model put out what no picture can be made of. Says at which step, and what usually causes it. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/** Throws OutputError where a prediction holds NaN or infinity: everything after it would be lost, and the end black. */
export function requireFinitePrediction(prediction: Float32Array, step: number, steps: number): void {
  // One pass: whatever is no number makes the sum none.
  let sum = 0;
  for (let i = 0; i < prediction.length; i++) sum += prediction[i]!;
  if (Number.isFinite(sum)) return;
  const at = prediction.findIndex((value) => !Number.isFinite(value));
  throw new OutputError(
    `At step ${step + 1} of ${steps} the model put out ${prediction[at]} (element ${at} of ${prediction.length}). A damaged checkpoint, or values beyond its dtype, do that: check the weights (arrowhead verify), and try another device or bf16 weights`,
  );
}

/** Throws OutputError where a picture is one flat colour, as it is when latents were lost on the way. */
export function requirePicture(pixels: Uint8Array, index: number): void {
  const [red, green, blue] = pixels;
  for (let i = 3; i < pixels.length; i += 3)
    if (pixels[i] !== red || pixels[i + 1] !== green || pixels[i + 2] !== blue) return;
  throw new OutputError(
    `Picture ${index + 1} is one flat colour (${red}, ${green}, ${blue}): the model or its VAE is damaged, or the two do not belong together`,
  );
}
