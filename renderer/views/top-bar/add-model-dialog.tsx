import { type FormEvent, useState } from 'react';
import type { ModelSummary } from '../../../electron/contract.ts';
import { Button } from '../../design/button.tsx';
import { Modal } from '../../design/modal.tsx';
import { describeError } from '../../design/notify.ts';
import { TextField } from '../../design/text-field.tsx';
import { useWorkbench } from '../../state/app-context.tsx';
import styles from './add-model-dialog.module.css';

interface AddModelDialogProps {
  readonly onClose: () => void;
  readonly onAdded: (model: ModelSummary) => void;
}

/** A checkpoint folder by its path on the host's machine, which may be another than the window's. */
export function AddModelDialog({ onClose, onAdded }: AddModelDialogProps) {
  const workbench = useWorkbench();
  const [folder, setFolder] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const browse = async () => {
    const answer = await window.arrowhead?.chooseFolder();
    if (answer && 'reply' in answer && typeof answer.reply === 'string') setFolder(answer.reply);
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (folder.trim() === '') return;
    setBusy(true);
    try {
      onAdded(await workbench.request('models.add', { folder: folder.trim() }));
    } catch (error) {
      const { message, hint } = describeError(error);
      setProblem(hint ? `${message} ${hint}` : message);
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      onClose={onClose}
      title="Add a checkpoint folder"
      description="FLUX or SD3/SD3.5 as diffusers lays it out, on the machine where Arrowhead runs. Files are read in place."
      actions={
        <>
          {window.arrowhead && <Button onClick={browse}>Browse…</Button>}
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="add-model" disabled={busy || folder.trim() === ''}>
            {busy ? 'Looking…' : 'Add'}
          </Button>
        </>
      }
    >
      <form id="add-model" onSubmit={add} className={styles.form}>
        <TextField
          label="Folder"
          placeholder="/models/FLUX.1-dev"
          value={folder}
          problem={problem}
          onChange={(next) => {
            setFolder(next);
            setProblem(null);
          }}
        />
        <p className={styles.hint}>
          It holds <code>model_index.json</code> and the folders <code>transformer</code>, <code>text_encoder</code>,{' '}
          <code>vae</code> and so on.
        </p>
      </form>
    </Modal>
  );
}
