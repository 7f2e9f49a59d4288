export interface RotaryTables {
  /** Both [tokens, sum of axes], every angle twice in a row. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Rotary tables of tokens with several position axes (FLUX: unused, row, column). `ids` [tokens, axes], `axes` the head
 * channels that each axis turns. Angles in float64, as diffusers' FluxPosEmbed computes them.
 */
export function rotaryTables(ids: Float32Array, axes: readonly number[], theta: number): RotaryTables {
  const tokens = ids.length / axes.length;
  const width = axes.reduce((sum, channels) => sum + channels, 0);
  const cos = new Float32Array(tokens * width);
  const sin = new Float32Array(tokens * width);
  let column = 0;
  axes.forEach((channels, axis) => {
    for (let pair = 0; pair < channels; pair += 2) {
      const frequency = 1 / theta ** (pair / channels);
      for (let token = 0; token < tokens; token++) {
        const angle = ids[token * axes.length + axis]! * frequency;
        const at = token * width + column + pair;
        cos[at] = cos[at + 1] = Math.cos(angle);
        sin[at] = sin[at + 1] = Math.sin(angle);
      }
    }
    column += channels;
  });
  return { cos, sin };
}
