import { type PointerEvent, useEffect, useRef } from 'react';
import type { AttentionMapReply } from '../../../electron/contract.ts';
import { formatPercent } from '../../design/format.ts';
import { describeRow } from './map-canvas.tsx';
import { brightness } from './map-pixels.ts';
import styles from './picture-look.module.css';
import { rowOfImageToken, rowPlace, tokenLook } from './token-look.ts';

interface PictureLookProps {
  readonly map: AttentionMapReply;
  readonly row: number;
  /** Address of the sample's picture; null while there is none. */
  readonly picture: string | null;
  readonly onRow: (row: number) => void;
}

/** Where in the picture the chosen query looks, and how much of it goes to the text. */
export function PictureLook({ map, row, picture, onRow }: PictureLookProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { columns, rows } = map.tokenGrid;
  const look = tokenLook(map, row);
  const place = rowPlace(map, row);
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.putImageData(new ImageData(lightPixels(look.image, picture !== null), columns, rows), 0, 0);
  });
  const onPointerDown = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (share: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    const column = at((event.clientX - box.left) / box.width, columns);
    onRow(rowOfImageToken(map, at((event.clientY - box.top) / box.height, rows), column));
  };
  return (
    <section className={styles.look} aria-label="Where the query looks">
      <div className={styles.picture} style={{ aspectRatio: `${columns} / ${rows}` }} onPointerDown={onPointerDown}>
        {picture !== null && <img src={picture} alt="The generated sample" draggable={false} />}
        <canvas ref={canvas} width={columns} height={rows} aria-hidden />
        {place.kind === 'image' && (
          <svg viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none" aria-hidden>
            <rect x={place.column} y={place.row} width={1} height={1} />
          </svg>
        )}
      </div>
      <p>
        <strong>{describeRow(map, row)}</strong> looks {formatPercent(look.imageMass)} at the picture,{' '}
        {formatPercent(look.textMass)} at the text.
      </p>
      <p className={styles.hint}>
        Click a place of the picture, or a row of the map, to see where it looks.
        {picture === null && ' Generate this sample to see the picture below the light.'}
      </p>
    </section>
  );
}

/** White light over a darkened picture, or on black: opaque where it does not look. */
function lightPixels(image: Float32Array, overPicture: boolean): Uint8ClampedArray<ArrayBuffer> {
  const top = image.reduce((most, value) => Math.max(most, value), 0);
  const pixels = new Uint8ClampedArray(image.length * 4);
  for (let n = 0; n < image.length; n++) {
    const light = brightness(image[n]!, top, 'linear') ** 0.5;
    const grey = overPicture ? 0 : 255 * light;
    pixels.set([grey, grey, grey, overPicture ? 235 * (1 - light) : 255], n * 4);
  }
  return pixels;
}
