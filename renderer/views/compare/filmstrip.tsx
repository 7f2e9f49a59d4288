import type { ImageRef, RunDetails, RunPicture } from '../../../electron/contract.ts';
import { useCompare } from './compare-store.ts';
import styles from './filmstrip.module.css';
import { Thumbnail } from '../../files/thumbnail.tsx';

/** All pictures of the open run; one is on the stage. */
export function Filmstrip({ run }: { readonly run: RunDetails }) {
  const picture = useCompare((state) => state.picture);
  const showPicture = useCompare((state) => state.showPicture);
  if (run.pictures.length < 2) return null;
  return (
    <div className={styles.strip} role="listbox" aria-label="Pictures of this run" aria-orientation="horizontal">
      {run.pictures.map((one, n) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: a picture is known by its position in the run
          key={n}
          type="button"
          role="option"
          aria-selected={n === picture}
          className={styles.frame}
          title={`${one.prompt} · seed ${one.seed}`}
          onClick={() => showPicture(n)}
        >
          <Thumbnail image={imageOf(run, one)} version={run.summary.thumbnail?.modified} alt={one.prompt} />
        </button>
      ))}
    </div>
  );
}

function imageOf({ summary }: RunDetails, { original, compressed }: RunPicture): ImageRef | null {
  const file = compressed ?? original;
  return file === null ? null : { run: summary.id, file };
}
