import type { LoadedPicture } from './loaded-picture.ts';
import styles from './pixel-readout.module.css';

interface PixelReadoutProps {
  readonly point: { readonly x: number; readonly y: number } | null;
  readonly pictures: readonly { readonly label: string; readonly picture: LoadedPicture | null }[];
}

/** The values of every picture under the pointer. */
export function PixelReadout({ point, pictures }: PixelReadoutProps) {
  if (point === null) return <p className={styles.readout}>Point at a picture to read its pixels.</p>;
  return (
    <p className={styles.readout}>
      <span>
        x {point.x}, y {point.y}
      </span>
      {pictures.map(({ label, picture }) => (
        <span key={label}>
          {label} <Value picture={picture} {...point} />
        </span>
      ))}
    </p>
  );
}

function Value({ picture, x, y }: { readonly picture: LoadedPicture | null; readonly x: number; readonly y: number }) {
  if (picture === null || x >= picture.width || y >= picture.height) return <>—</>;
  const at = (y * picture.width + x) * 4;
  const [red, green, blue] = picture.data.subarray(at, at + 3);
  return (
    <>
      <i className={styles.swatch} style={{ background: `rgb(${red} ${green} ${blue})` }} aria-hidden />
      <code>
        {red} {green} {blue}
      </code>
    </>
  );
}
