import { Button } from '../../design/button.tsx';
import { Modal } from '../../design/modal.tsx';
import type { Misfit } from './generation-request.ts';
import styles from './misfit-dialog.module.css';

interface MisfitDialogProps {
  readonly misfits: readonly Misfit[];
  readonly onUseSteps: (steps: number) => void;
  readonly onFullAttention: () => void;
  readonly onClose: () => void;
}

/** The open plan was made for something else: says for what, and offers the ways on. */
export function MisfitDialog({ misfits, onUseSteps, onFullAttention, onClose }: MisfitDialogProps) {
  const steps = misfits.find((misfit) => misfit.field === 'steps');
  const otherModel = misfits.some(({ field }) => field === 'model');
  return (
    <Modal
      open
      onClose={onClose}
      title="The open plan does not fit"
      description="A plan says what every head does at every step of one model."
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button onClick={onFullAttention}>Generate with full attention</Button>
          {steps && !otherModel && (
            <Button look="primary" onClick={() => onUseSteps(steps.expected)}>
              Generate with {steps.expected} steps
            </Button>
          )}
        </>
      }
    >
      <dl className={styles.misfits}>
        {misfits.map(({ field, expected, found }) => (
          <div key={field}>
            <dt>{field === 'model' ? 'Model' : 'Steps'}</dt>
            <dd>
              made for <strong>{expected}</strong>, now set to <strong>{found}</strong>
            </dd>
          </div>
        ))}
      </dl>
      <p>
        {otherModel
          ? 'Choose that model, or open a calibration of the model that is chosen.'
          : 'For another number of steps, calibrate anew.'}
      </p>
    </Modal>
  );
}
