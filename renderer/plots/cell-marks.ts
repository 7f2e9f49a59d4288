import { MARK_SIZE, type MethodLook, PLUS_PATH, PLUS_WIDTH } from '../../electron/contract/method-looks.ts';

/** Methods of a map's cells, as indices into `looks`, row by row. */
export interface MarkedCells {
  readonly matrix: readonly Float32Array[];
  readonly looks: readonly MethodLook[];
}

/** In CSS pixels: smaller cells are told apart by their colours alone, and in larger ones a plus sign grows no more. */
const LEAST_CELL = 6;
const LARGEST_PLUS = 26;

type Context = Pick<CanvasRenderingContext2D, 'fill' | 'stroke' | 'fillStyle' | 'strokeStyle' | 'lineWidth'>;

/** Draws halves and plus signs over cells that a canvas of `width` × `height` pixels is divided into. */
export function drawMarks(
  context: Context,
  { matrix, looks }: MarkedCells,
  { width, height, pixelRatio }: { readonly width: number; readonly height: number; readonly pixelRatio: number },
): void {
  const cell = { width: width / (matrix[0]?.length ?? 1), height: height / matrix.length };
  const least = Math.min(cell.width, cell.height);
  if (least < LEAST_CELL * pixelRatio) return;
  const side = Math.min(least, LARGEST_PLUS * pixelRatio);
  const scale = side / MARK_SIZE;
  const plus = new Path2D(PLUS_PATH);
  const [halves, pluses] = [new Map<string, Path2D>(), new Map<string, Path2D>()];
  for (const [row, methods] of matrix.entries()) {
    for (const [column, method] of methods.entries()) {
      const look = looks[method];
      const [x, y] = [column * cell.width, row * cell.height];
      if (look?.half) addHalf(pathOf(halves, look.half), x, y, cell);
      if (look?.plus) {
        const [left, top] = [x + (cell.width - side) / 2, y + (cell.height - side) / 2];
        pathOf(pluses, look.plus).addPath(plus, new DOMMatrix([scale, 0, 0, scale, left, top]));
      }
    }
  }
  for (const [colour, path] of halves) {
    context.fillStyle = colour;
    context.fill(path);
  }
  context.lineWidth = PLUS_WIDTH * scale;
  for (const [colour, path] of pluses) {
    context.strokeStyle = colour;
    context.stroke(path);
  }
}

function addHalf(path: Path2D, x: number, y: number, { width, height }: { width: number; height: number }): void {
  path.moveTo(x, y);
  path.lineTo(x + width, y);
  path.lineTo(x, y + height);
  path.closePath();
}

/** One path per colour: a map of a thousand cells is drawn in a few calls. */
function pathOf(paths: Map<string, Path2D>, colour: string): Path2D {
  const path = paths.get(colour) ?? new Path2D();
  paths.set(colour, path);
  return path;
}
