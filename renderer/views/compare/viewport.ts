/** Which part of a picture is in sight, the same for all panes. */
export interface Viewport {
  /** CSS pixels per picture pixel; null: the whole picture fits. */
  readonly zoom: number | null;
  /** Point of the picture in the middle of the pane, in picture pixels. Meaningless while it fits. */
  readonly centreX: number;
  readonly centreY: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const FIT: Viewport = { zoom: null, centreX: 0, centreY: 0 };

const MAX_ZOOM = 64;
const MIN_ZOOM = 1 / 64;
/** Never enlarged to fit: a small picture is looked at as it is, up to twice. */
const MAX_FIT = 2;

/** CSS pixels per picture pixel. */
export function zoomOf({ zoom }: Viewport, pane: Size, picture: Size): number {
  return zoom ?? Math.min(MAX_FIT, pane.width / picture.width, pane.height / picture.height);
}

/** Where the picture's top left corner lies in the pane, and its scale: in CSS pixels, on whole device pixels. */
export function placement(viewport: Viewport, pane: Size, picture: Size, pixelRatio: number) {
  const zoom = zoomOf(viewport, pane, picture);
  const centre = viewport.zoom === null ? { centreX: picture.width / 2, centreY: picture.height / 2 } : viewport;
  const snap = (value: number) => Math.round(value * pixelRatio) / pixelRatio;
  return {
    left: snap(pane.width / 2 - centre.centreX * zoom),
    top: snap(pane.height / 2 - centre.centreY * zoom),
    zoom,
  };
}

/** Picture coordinates of a point of the pane. */
export function toPicture(viewport: Viewport, pane: Size, picture: Size, x: number, y: number) {
  const { left, top, zoom } = placement(viewport, pane, picture, 1);
  return { x: (x - left) / zoom, y: (y - top) / zoom };
}

/** Zoomed by a factor, with the picture's point under (x, y) staying where it is. */
export function zoomAt(viewport: Viewport, pane: Size, picture: Size, x: number, y: number, factor: number): Viewport {
  const before = toPicture(viewport, pane, picture, x, y);
  const zoom = clamp(zoomOf(viewport, pane, picture) * factor, MIN_ZOOM, MAX_ZOOM);
  const moved = {
    zoom,
    centreX: before.x - (x - pane.width / 2) / zoom,
    centreY: before.y - (y - pane.height / 2) / zoom,
  };
  return keepInSight(moved, picture);
}

/** Set to a zoom with the middle staying in the middle. */
export function zoomTo(viewport: Viewport, pane: Size, picture: Size, zoom: number): Viewport {
  const { x, y } = toPicture(viewport, pane, picture, pane.width / 2, pane.height / 2);
  return keepInSight({ zoom: clamp(zoom, MIN_ZOOM, MAX_ZOOM), centreX: x, centreY: y }, picture);
}

/** Moved by CSS pixels, as by dragging the picture. */
export function panBy(viewport: Viewport, pane: Size, picture: Size, dx: number, dy: number): Viewport {
  const zoom = zoomOf(viewport, pane, picture);
  const { x, y } = toPicture(viewport, pane, picture, pane.width / 2, pane.height / 2);
  return keepInSight({ zoom, centreX: x - dx / zoom, centreY: y - dy / zoom }, picture);
}

/** The middle of the pane stays on the picture, so that it is never lost. */
function keepInSight(viewport: Viewport, picture: Size): Viewport {
  return {
    zoom: viewport.zoom,
    centreX: clamp(viewport.centreX, 0, picture.width),
    centreY: clamp(viewport.centreY, 0, picture.height),
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
