import { useCallback } from 'react';
import { describeError } from '../../design/notify.ts';
import { useCompare } from './compare-store.ts';
import { isLoaded, type PictureState } from './loaded-picture.ts';
import { type Pane, paneKey } from './pane.ts';
import { PictureCanvas } from './picture-canvas.tsx';
import styles from './stage.module.css';

interface SideBySideProps {
  readonly panes: readonly Pane[];
  readonly pictures: ReadonlyMap<string, PictureState>;
}

/** Every pane beside the others, moving together. */
export function SideBySide({ panes, pictures }: SideBySideProps) {
  const columns = panes.length <= 3 ? panes.length : Math.ceil(panes.length / 2);
  return (
    <div className={styles.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
      {panes.map((pane) => (
        <div key={paneKey(pane)} className={styles.pane} data-pane>
          <OnePicture state={pictures.get(paneKey(pane)) ?? null} label={pane.label} />
          <span className={styles.label}>{pane.label}</span>
        </div>
      ))}
    </div>
  );
}

function OnePicture({ state, label }: { readonly state: PictureState; readonly label: string }) {
  const viewport = useCompare((store) => store.viewport);
  const drawings = useCallback(() => (isLoaded(state) ? [{ source: state.bitmap }] : []), [state]);
  if (state !== null && 'error' in state) return <p className={styles.problem}>{describeError(state.error).message}</p>;
  return <PictureCanvas label={label} viewport={viewport} drawings={drawings} />;
}
