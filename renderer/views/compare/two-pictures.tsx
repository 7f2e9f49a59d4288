import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useState } from 'react';
import { useShortcut } from '../../shortcuts/shortcuts.ts';
import { type CompareMode, useCompare } from './compare-store.ts';
import { differencePixels } from './difference-pixels.ts';
import type { LoadedPicture } from './loaded-picture.ts';
import { PictureCanvas } from './picture-canvas.tsx';
import styles from './stage.module.css';
import type { Size } from './viewport.ts';

interface TwoPicturesProps {
  readonly mode: Exclude<CompareMode, 'side'>;
  readonly reference: LoadedPicture;
  readonly other: LoadedPicture;
  readonly names: readonly [string, string];
}

/** The reference and one other picture in one place. */
export function TwoPictures({ mode, reference, other, names }: TwoPicturesProps) {
  if (mode === 'wipe') return <Wipe reference={reference} other={other} names={names} />;
  if (mode === 'blink') return <Blink reference={reference} other={other} names={names} />;
  return <Difference reference={reference} other={other} names={names} />;
}

type PairProps = Omit<TwoPicturesProps, 'mode'>;

function Wipe({ reference, other, names }: PairProps) {
  const [viewport, wipe, setWipe] = [
    useCompare((state) => state.viewport),
    useCompare((state) => state.wipe),
    useCompare((state) => state.setWipe),
  ];
  const drawings = useCallback(
    ({ width }: Size) => [
      { source: reference.bitmap, to: width * wipe },
      { source: other.bitmap, from: width * wipe },
    ],
    [reference, other, wipe],
  );
  const onPointerMove = (event: PointerEvent) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = event.currentTarget.parentElement!.getBoundingClientRect();
    setWipe((event.clientX - box.left) / box.width);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (by !== undefined) setWipe(wipe + by);
  };
  return (
    <div className={`${styles.pane} ${styles.grid}`} data-pane>
      <PictureCanvas label={`${names[0]} left, ${names[1]} right`} viewport={viewport} drawings={drawings} />
      <span className={styles.label}>{names[0]}</span>
      <span className={`${styles.label} ${styles.right}`}>{names[1]}</span>
      <div
        className={styles.handle}
        style={{ left: `${wipe * 100}%` }}
        data-handle
        role="slider"
        aria-label="Border between the two pictures"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(wipe * 100)}
        tabIndex={0}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}

const BLINKS_PER_SECOND = 2;

function Blink({ reference, other, names }: PairProps) {
  const viewport = useCompare((state) => state.viewport);
  const [second, setSecond] = useState(false);
  // Who asked for less motion blinks by hand.
  const [playing, setPlaying] = useState(() => !matchMedia('(prefers-reduced-motion: reduce)').matches);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setSecond((now) => !now), 1000 / BLINKS_PER_SECOND);
    return () => clearInterval(timer);
  }, [playing]);
  useShortcut({ keys: ' ', does: 'Blink by hand: the other picture', where: 'Compare' }, () => {
    setPlaying(false);
    setSecond((now) => !now);
  });
  const drawings = useCallback(() => [{ source: (second ? other : reference).bitmap }], [reference, other, second]);
  return (
    <div className={`${styles.pane} ${styles.grid}`} data-pane>
      <PictureCanvas label={names[second ? 1 : 0]} viewport={viewport} drawings={drawings} />
      <span className={styles.label}>{names[second ? 1 : 0]}</span>
    </div>
  );
}

function Difference({ reference, other, names }: PairProps) {
  const [viewport, gain] = [useCompare((state) => state.viewport), useCompare((state) => state.gain)];
  const picture = useMemo(() => {
    const { width, height, data } = differencePixels(reference, other, gain);
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext('2d')!.putImageData(new ImageData(data, width, height), 0, 0);
    return canvas;
  }, [reference, other, gain]);
  const drawings = useCallback(() => [{ source: picture }], [picture]);
  const label = `|${names[0]} − ${names[1]}| × ${gain}`;
  return (
    <div className={`${styles.pane} ${styles.grid}`} data-pane>
      <PictureCanvas label={label} viewport={viewport} drawings={drawings} />
      <span className={styles.label}>{label}</span>
    </div>
  );
}
