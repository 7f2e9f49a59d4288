import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { type Drawing, drawPictures } from './draw-picture.ts';
import styles from './stage.module.css';
import type { Size, Viewport } from './viewport.ts';

interface PictureCanvasProps {
  readonly label: string;
  readonly viewport: Viewport;
  /** Called with the pane's size at every change; the parent needs it for its pointer's arithmetic. */
  readonly drawings: (pane: Size) => readonly Drawing[];
  readonly onSize?: (size: Size) => void;
}

/** A canvas as large as its place, drawn anew when place, viewport or pictures change. */
export function PictureCanvas({ label, viewport, drawings, onSize }: PictureCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<Size | null>(null);
  useLayoutEffect(() => {
    const place = canvas.current!.parentElement!;
    const measure = () => {
      const { width, height } = place.getBoundingClientRect();
      setSize({ width, height });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(place);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (size !== null) onSize?.(size);
  }, [size, onSize]);
  useLayoutEffect(() => {
    if (size === null || size.width === 0) return;
    drawPictures(canvas.current!, size, viewport, devicePixelRatio, drawings(size));
  }, [size, viewport, drawings]);
  return <canvas ref={canvas} className={styles.canvas} role="img" aria-label={label} />;
}
