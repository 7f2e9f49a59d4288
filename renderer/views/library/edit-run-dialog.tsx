import { type FormEvent, useState } from 'react';
import { LIMITS } from '../../../electron/contract/fields.ts';
import type { RunSummary } from '../../../electron/contract.ts';
import { Button } from '../../design/button.tsx';
import { Modal } from '../../design/modal.tsx';
import { notifyError } from '../../design/notify.ts';
import { TextField } from '../../design/text-field.tsx';
import { useApp, useWorkbench } from '../../state/app-context.tsx';
import styles from './edit-run-dialog.module.css';
import { allTags, parseTags } from './run-filter.ts';

interface EditRunDialogProps {
  readonly run: RunSummary;
  readonly onClose: () => void;
}

/** A run's name and tags. */
export function EditRunDialog({ run, onClose }: EditRunDialogProps) {
  const workbench = useWorkbench();
  const runs = useApp((state) => state.runs);
  const [name, setName] = useState(run.name);
  const [tagText, setTagText] = useState(run.tags.join(', '));
  const tags = parseTags(tagText);
  const tooMany = tags.length > LIMITS.tags ? `At most ${LIMITS.tags} tags` : null;
  const others = allTags(runs).filter((tag) => !tags.includes(tag));

  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '' || tooMany !== null) return;
    try {
      if (name.trim() !== run.name) await workbench.request('runs.rename', { run: run.id, name });
      if (tags.join() !== run.tags.join()) await workbench.request('runs.setTags', { run: run.id, tags });
      onClose();
    } catch (error) {
      notifyError('The run could not be changed', error);
    }
  };
  return (
    <Modal
      open
      onClose={onClose}
      title="Rename and tag"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="edit-run" disabled={name.trim() === '' || tooMany !== null}>
            Save
          </Button>
        </>
      }
    >
      <form id="edit-run" onSubmit={save} className={styles.form}>
        <TextField label="Name" value={name} maxLength={256} onChange={setName} />
        <TextField
          label="Tags, separated by commas"
          placeholder="baseline, figure 3"
          value={tagText}
          problem={tooMany}
          onChange={setTagText}
        />
        {others.length > 0 && (
          <div className={styles.known}>
            {others.slice(0, 12).map((tag) => (
              <Button key={tag} look="quiet" onClick={() => setTagText([...tags, tag].join(', '))}>
                #{tag}
              </Button>
            ))}
          </div>
        )}
      </form>
    </Modal>
  );
}
