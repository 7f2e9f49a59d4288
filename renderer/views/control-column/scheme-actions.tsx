import { Download, Save } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { Modal } from '../../design/modal.tsx';
import { notifyDone, notifyError } from '../../design/notify.ts';
import { TextField } from '../../design/text-field.tsx';
import { saveFile } from '../../files/save-file.ts';
import { useApp, useAppStore, useWorkbench } from '../../state/app-context.tsx';
import type { Tuning } from '../../state/tuning.ts';
import styles from './scheme-actions.module.css';

/** Keeps what the sliders say: as a scheme of the run, or as a file for a pipeline. */
export function SchemeActions() {
  const workbench = useWorkbench();
  const store = useAppStore();
  const [naming, setNaming] = useState(false);
  const ready = useApp((state) => state.solved !== null);

  const exportScheme = async () => {
    const settings = store.getState().solveSettings();
    if (settings === null) return;
    try {
      saveFile(await workbench.request('schemes.export', { plan: { kind: 'solve', ...settings } }));
    } catch (error) {
      notifyError('The scheme could not be exported', error);
    }
  };
  return (
    <div className={styles.actions}>
      <Button icon={<Save />} disabled={!ready} onClick={() => setNaming(true)}>
        Save scheme…
      </Button>
      <Button icon={<Download />} disabled={!ready} onClick={exportScheme}>
        Export…
      </Button>
      {naming && <SaveDialog onClose={() => setNaming(false)} />}
    </div>
  );
}

function SaveDialog({ onClose }: { readonly onClose: () => void }) {
  const workbench = useWorkbench();
  const store = useAppStore();
  const [name, setName] = useState(() => suggestedName(store.getState().tuning));
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const settings = store.getState().solveSettings();
    if (settings === null || name.trim() === '') return;
    try {
      const { scheme } = await workbench.request('calibration.saveScheme', { ...settings, name });
      notifyDone(`Saved ${scheme}`);
      onClose();
    } catch (error) {
      notifyError('The scheme could not be saved', error);
    }
  };
  return (
    <Modal
      open
      onClose={onClose}
      title="Save scheme"
      description="Kept with the run, where Compare, Sweep and the scheme diff find it."
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="save-scheme" disabled={name.trim() === ''}>
            Save
          </Button>
        </>
      }
    >
      <form id="save-scheme" onSubmit={save}>
        <TextField label="Name" value={name} maxLength={200} onChange={setName} />
      </form>
    </Modal>
  );
}

function suggestedName(tuning: Tuning | null): string {
  if (tuning === null) return '';
  const { delta, headConstraint, granularity } = tuning;
  return `delta-${delta}-c-${headConstraint ?? 'none'}${granularity === 'layer' ? '-layer' : ''}`;
}
