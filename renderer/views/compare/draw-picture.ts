import type { Size, Viewport } from './viewport.ts';
import { placement } from './viewport.ts';

export interface Drawing {
  readonly source: ImageBitmap | OffscreenCanvas;
  /** Part of the pane that it covers, in CSS pixels from the left; the whole where absent. */
  readonly from?: number;
  readonly to?: number;
}

/**
 * Draws pictures of one size at one place of a canvas that has `pixelRatio` pixels per CSS pixel: nearest neighbour from
 * 100 % upwards, so that single pixels show, and smooth below.
 */
export function drawPictures(
  canvas: HTMLCanvasElement,
  pane: Size,
  viewport: Viewport,
  pixelRatio: number,
  drawings: readonly Drawing[],
): void {
  const [width, height] = [Math.round(pane.width * pixelRatio), Math.round(pane.height * pixelRatio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d')!;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  for (const { source, from = 0, to = pane.width } of drawings) {
    const { left, top, zoom } = placement(viewport, pane, source, pixelRatio);
    context.save();
    context.beginPath();
    context.rect(Math.round(from * pixelRatio), 0, Math.round(to * pixelRatio) - Math.round(from * pixelRatio), height);
    context.clip();
    context.imageSmoothingEnabled = zoom * pixelRatio < 1;
    context.imageSmoothingQuality = 'high';
    context.drawImage(
      source,
      left * pixelRatio,
      top * pixelRatio,
      source.width * zoom * pixelRatio,
      source.height * zoom * pixelRatio,
    );
    context.restore();
  }
}
