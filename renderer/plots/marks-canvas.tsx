import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { drawMarks, type MarkedCells } from './cell-marks.ts';

/** The marks of a map's methods, as sharp as the screen is. */
export function MarksCanvas({ cells }: { readonly cells: MarkedCells }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [{ width, height }, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const measure = () => {
      const { clientWidth, clientHeight } = canvas.current!;
      setSize({ width: clientWidth * devicePixelRatio, height: clientHeight * devicePixelRatio });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (width === 0 || height === 0) return;
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, width, height);
    drawMarks(context, cells, { width, height, pixelRatio: devicePixelRatio });
  }, [cells, width, height]);
  return <canvas ref={canvas} width={width} height={height} data-marks aria-hidden />;
}
