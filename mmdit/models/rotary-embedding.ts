/**
 * The rotary table of tokens with several position axes (FLUX: unused, row, column): [tokens, channels / 2, 2], cosine
 * and sine of every pair of channels. `ids` [tokens, axes], `axes` the head channels that each axis turns. Angles in
 * float64, as diffusers' FluxPosEmbed computes them.
 */
export function rotaryTable(ids: Float32Array, axes: readonly number[], theta: number): Float32Array {
  const tokens = ids.length / axes.length;
  const width = axes.reduce((sum, channels) => sum + channels, 0);
  const table = new Float32Array(tokens * width);
  let column = 0;
  axes.forEach((channels, axis) => {
    for (let pair = 0; pair < channels; pair += 2) {
      const frequency = 1 / theta ** (pair / channels);
      for (let token = 0; token < tokens; token++) {
        const angle = ids[token * axes.length + axis]! * frequency;
        const at = token * width + column + pair;
        table[at] = Math.cos(angle);
        table[at + 1] = Math.sin(angle);
      }
    }
    column += channels;
  });
  return table;
}
