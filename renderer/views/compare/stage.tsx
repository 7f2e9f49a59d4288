import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef } from 'react';
import { useCompare } from './compare-store.ts';
import styles from './stage.module.css';
import { FIT, panBy, type Size, toPicture, zoomAt, zoomTo } from './viewport.ts';

interface StageProps {
  readonly label: string;
  readonly picture: Size;
  /** The pixel under the pointer; null when it leaves. */
  readonly onPoint: (point: { x: number; y: number } | null) => void;
  readonly children: ReactNode;
}

const WHEEL_FACTOR = 1.0015;
const KEY_FACTOR = 1.25;
const KEY_PAN = 48;

/** Where pictures are looked at: wheel zooms at the pointer, drag and arrow keys pan, for all panes at once. */
export function Stage({ label, picture, onPoint, children }: StageProps) {
  const stage = useRef<HTMLDivElement>(null);
  const dragged = useRef<{ x: number; y: number } | null>(null);
  const viewport = useCompare((state) => state.viewport);
  const setViewport = useCompare((state) => state.setViewport);

  /** The pane under a point, and the point within it. */
  const within = (clientX: number, clientY: number) => {
    const panes = [...stage.current!.querySelectorAll<HTMLElement>('[data-pane]')];
    const inside = (box: DOMRect) =>
      clientX >= box.left && clientX < box.right && clientY >= box.top && clientY < box.bottom;
    const box = panes.map((pane) => pane.getBoundingClientRect()).find(inside);
    return box ? { pane: { width: box.width, height: box.height }, x: clientX - box.left, y: clientY - box.top } : null;
  };

  useEffect(() => {
    const element = stage.current!;
    const onWheel = (event: WheelEvent) => {
      const at = within(event.clientX, event.clientY);
      if (!at) return;
      event.preventDefault();
      const factor = WHEEL_FACTOR ** -event.deltaY;
      setViewport(zoomAt(useCompare.getState().viewport, at.pane, picture, at.x, at.y, factor));
    };
    // React listens to wheels passively, which cannot keep the page from scrolling.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });

  const onPointerMove = (event: PointerEvent) => {
    const at = within(event.clientX, event.clientY);
    if (at && dragged.current) {
      const { x, y } = dragged.current;
      dragged.current = { x: event.clientX, y: event.clientY };
      setViewport(panBy(viewport, at.pane, picture, event.clientX - x, event.clientY - y));
    }
    if (!at) return onPoint(null);
    const point = toPicture(viewport, at.pane, picture, at.x, at.y);
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    onPoint(x >= 0 && y >= 0 && x < picture.width && y < picture.height ? { x, y } : null);
  };
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0 || (event.target as Element).closest('[data-handle]')) return;
    dragged.current = { x: event.clientX, y: event.clientY };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const first = stage.current!.querySelector('[data-pane]')?.getBoundingClientRect();
    if (!first || event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return;
    const pane = { width: first.width, height: first.height };
    const zoomBy = (factor: number) => zoomAt(viewport, pane, picture, pane.width / 2, pane.height / 2, factor);
    const moves: Record<string, () => typeof viewport> = {
      '+': () => zoomBy(KEY_FACTOR),
      '=': () => zoomBy(KEY_FACTOR),
      '-': () => zoomBy(1 / KEY_FACTOR),
      '0': () => FIT,
      '1': () => zoomTo(viewport, pane, picture, 1),
      ArrowLeft: () => panBy(viewport, pane, picture, KEY_PAN, 0),
      ArrowRight: () => panBy(viewport, pane, picture, -KEY_PAN, 0),
      ArrowUp: () => panBy(viewport, pane, picture, 0, KEY_PAN),
      ArrowDown: () => panBy(viewport, pane, picture, 0, -KEY_PAN),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    setViewport(move());
  };
  return (
    <div
      ref={stage}
      className={styles.stage}
      role="application"
      aria-roledescription="picture viewer"
      aria-label={`${label}. Plus and minus zoom, arrow keys pan, 0 fits, 1 shows 100 %`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: zoomed and panned with the keyboard
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragged.current = null;
      }}
      onPointerLeave={() => onPoint(null)}
    >
      {children}
    </div>
  );
}
