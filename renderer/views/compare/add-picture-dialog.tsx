import { useEffect, useState } from 'react';
import type { RunDetails, RunSummary } from '../../../electron/contract.ts';
import { Button } from '../../design/button.tsx';
import { Modal } from '../../design/modal.tsx';
import { notifyError } from '../../design/notify.ts';
import { useApp, useWorkbench } from '../../state/app-context.tsx';
import styles from './add-picture-dialog.module.css';
import { useCompare } from './compare-store.ts';
import { MAX_PANES, type Pane, paneKey, panesOfPicture } from './pane.ts';
import { Thumbnail } from '../../files/thumbnail.tsx';

interface AddPictureDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Any pictures of any runs onto the stage. */
export function AddPictureDialog({ open, onClose }: AddPictureDialogProps) {
  const runs = useApp((state) => state.runs);
  const [chosen, setChosen] = useState<string | null>(null);
  const withPictures = runs.filter(({ thumbnail }) => thumbnail !== null);
  const run = withPictures.find(({ id }) => id === chosen) ?? withPictures[0];
  return (
    <Modal
      open={open}
      onClose={onClose}
      wide
      title="Add pictures"
      description={`Up to ${MAX_PANES} pictures stand side by side; the first is the reference.`}
      actions={
        <Button look="primary" onClick={onClose}>
          Done
        </Button>
      }
    >
      {run === undefined ? (
        <p>The library has no pictures yet. Generate some first.</p>
      ) : (
        <div className={styles.columns}>
          <ul className={styles.runs} aria-label="Runs">
            {withPictures.map(({ id, name, created }) => (
              <li key={id}>
                <button type="button" aria-pressed={id === run.id} onClick={() => setChosen(id)}>
                  <span>{name}</span>
                  <small>{new Date(created).toLocaleString()}</small>
                </button>
              </li>
            ))}
          </ul>
          <PicturesOfRun key={run.id} run={run} />
        </div>
      )}
    </Modal>
  );
}

function PicturesOfRun({ run }: { readonly run: RunSummary }) {
  const workbench = useWorkbench();
  const extra = useCompare((state) => state.extra);
  const addPane = useCompare((state) => state.addPane);
  const removePane = useCompare((state) => state.removePane);
  const [details, setDetails] = useState<RunDetails | null>(null);
  useEffect(() => {
    let wanted = true;
    workbench.request('runs.open', { run: run.id }).then(
      (found) => wanted && setDetails(found),
      (error: unknown) => notifyError('The run could not be opened', error),
    );
    return () => {
      wanted = false;
    };
  }, [workbench, run.id]);
  const panes = (details?.pictures ?? []).flatMap((picture) =>
    panesOfPicture({ summary: run }, picture).map((pane) => ({ pane: named(pane, run), picture })),
  );
  const onStage = new Set(extra.map(paneKey));
  return (
    <div className={styles.pictures}>
      {panes.map(({ pane, picture }) => {
        const key = paneKey(pane);
        return (
          <button
            key={key}
            type="button"
            className={styles.picture}
            aria-pressed={onStage.has(key)}
            title={`${picture.prompt} · seed ${picture.seed}`}
            onClick={() => (onStage.has(key) ? removePane(key) : addPane(pane))}
          >
            <Thumbnail image={pane.ref} alt={pane.label} />
            <small>{pane.ref.file.replace(/\.png$/, '')}</small>
          </button>
        );
      })}
    </div>
  );
}

function named(pane: Pane, { name }: RunSummary): Pane {
  return { ...pane, label: `${name}: ${pane.label.toLowerCase()}` };
}
