import type { MethodLook } from '../../../electron/contract/method-looks.ts';
import { colourTable } from '../../plots/colour-table.ts';
import type { LogRange } from '../../plots/log-colours.ts';

type Pixels = Uint8ClampedArray<ArrayBuffer>;

/** Method indices as the methods' colours, RGBA. */
export function methodPixels(matrix: readonly Float32Array[], looks: readonly MethodLook[]): Pixels {
  const colours = looks.map(({ colour }) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)));
  return toPixels(matrix, (value, pixels, at) => pixels.set(colours[value]!, at));
}

/** Values between `min` and `max` on the sequential scale, RGBA; NaN is transparent. */
export function scalePixels(matrix: readonly Float32Array[], { min, max }: LogRange): Pixels {
  const table = colourTable();
  const span = max - min;
  return toPixels(matrix, (value, pixels, at) => {
    const share = Math.min(1, Math.max(0, (value - min) / span));
    const from = Math.round(255 * share) * 3;
    pixels[at] = table[from]!;
    pixels[at + 1] = table[from + 1]!;
    pixels[at + 2] = table[from + 2]!;
  });
}

function toPixels(matrix: readonly Float32Array[], paint: (value: number, pixels: Pixels, at: number) => void): Pixels {
  const columns = matrix[0]?.length ?? 0;
  const pixels = new Uint8ClampedArray(matrix.length * columns * 4);
  for (const [row, values] of matrix.entries()) {
    for (let column = 0; column < columns; column++) {
      const value = values[column]!;
      if (Number.isNaN(value)) continue;
      const at = (row * columns + column) * 4;
      paint(value, pixels, at);
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}
