import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { Modal } from '../../design/modal.tsx';
import { notifyError } from '../../design/notify.ts';
import { TextField } from '../../design/text-field.tsx';
import { matches } from '../../shortcuts/shortcuts.ts';
import { useAppStore } from '../../state/app-context.tsx';
import { samplesToMake, whyUnguided } from '../../state/negative-prompt.ts';
import { usableCandidates } from '../../state/usable-candidates.ts';
import { ConstraintControl } from '../control-column/constraint-control.tsx';
import { CostChoice } from '../control-column/cost-choice.tsx';
import { DeltaControl } from '../control-column/delta-control.tsx';
import { GranularityChoice } from '../control-column/granularity-choice.tsx';
import styles from './calibrate-dialog.module.css';
import { CalibrationCandidates } from './calibration-candidates.tsx';
import {
  type CalibrationForm,
  calibrationRequest,
  formProblems,
  parsePrompts,
  parseSeeds,
} from './calibration-form.ts';
import { initialForm } from './initial-form.ts';
import { NegativePromptField } from './negative-prompt-field.tsx';
import { PromptLines } from './prompt-lines.tsx';

/** Everything that a progressive search needs to know, filled in with what it was last time. */
export function CalibrateDialog({ onClose }: { readonly onClose: () => void }) {
  const store = useAppStore();
  const [form, setForm] = useState<CalibrationForm>(() => initialForm(store.getState()));
  const change = (changes: Partial<CalibrationForm>) => setForm((before) => ({ ...before, ...changes }));
  const { settings, model, currentSampling, startJob, changeSettings } = store.getState();
  const sampling = currentSampling();
  if (settings === null || sampling === null || model === null) return null;

  const unguided = whyUnguided(model, sampling);
  const usable = { ...form, candidates: usableCandidates(form.candidates, unguided === null) };
  const problems = formProblems(usable);
  const start = async (event: FormEvent) => {
    event.preventDefault();
    const { delta, headConstraint, granularity, candidates, cost, negativePrompt } = form;
    const bounds = { delta, headConstraint, granularity, candidates: [...candidates], cost };
    const changes = { ...bounds, ...(unguided === null && { negativePrompt }) };
    const samples = samplesToMake({ ...settings, ...changes }, model, sampling);
    const job = calibrationRequest(usable, { model: settings.model, sampling, samples });
    if (job === null) return;
    changeSettings(changes);
    try {
      await startJob(job);
      onClose();
    } catch (error) {
      notifyError('The calibration could not be started', error);
    }
  };
  const pictures = settings.samples.length;
  return (
    <Modal
      open
      onClose={onClose}
      title="Calibrate"
      description={`${model.name}, ${sampling.steps} steps at ${sampling.width} × ${sampling.height}: ${describeSize(form)}.`}
      wide
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="calibrate" disabled={Object.keys(problems).length > 0}>
            Calibrate
          </Button>
        </>
      }
    >
      <form id="calibrate" onSubmit={start} onKeyDown={sendByKeys} className={styles.form}>
        <div className={styles.side}>
          <PromptLines
            value={form.prompts}
            problem={problems.prompts ?? null}
            shipped={model.prompts?.calibration ?? []}
            samples={settings.samples.map(({ prompt }) => prompt)}
            onChange={(prompts) => change({ prompts })}
          />
          {unguided === null && (
            <NegativePromptField
              value={form.negativePrompt}
              onChange={(negativePrompt) => change({ negativePrompt })}
            />
          )}
          <div className={styles.pair}>
            <TextField
              label="Seeds: every prompt is run with each"
              value={form.seeds}
              problem={problems.seeds ?? null}
              onChange={(seeds) => change({ seeds })}
            />
            <TextField
              label="Name of the run"
              placeholder="its model and size"
              maxLength={200}
              value={form.name}
              onChange={(name) => change({ name })}
            />
          </div>
          <label className={styles.check}>
            <input
              type="checkbox"
              checked={form.evaluate}
              onChange={(event) => change({ evaluate: event.target.checked })}
            />
            Then make the {pictures === 1 ? 'picture' : `${pictures} pictures`} of the top bar both ways and compare
          </label>
        </div>
        <div className={styles.side}>
          <DeltaControl value={form.delta} points={null} searchValue={null} onChange={(delta) => change({ delta })} />
          <ConstraintControl
            value={form.headConstraint}
            delta={form.delta}
            heads={model.layers[0]?.heads ?? null}
            searchValue={undefined}
            onChange={(headConstraint) => change({ headConstraint })}
          />
          <CalibrationCandidates
            chosen={form.candidates}
            unguided={unguided}
            problem={problems.candidates ?? null}
            onChange={(candidates) => change({ candidates })}
          />
          <CostChoice value={form.cost} available={['flops', 'measured']} onChange={(cost) => change({ cost })} />
          <GranularityChoice value={form.granularity} onChange={(granularity) => change({ granularity })} />
        </div>
      </form>
    </Modal>
  );
}

/** As in the window: Ctrl+Enter sends, from within the prompts too. */
function sendByKeys(event: KeyboardEvent<HTMLFormElement>): void {
  if (matches(event, 'mod+enter')) event.currentTarget.requestSubmit();
}

function describeSize({ prompts, seeds }: CalibrationForm): string {
  const lines = parsePrompts(prompts).length;
  const count = parseSeeds(seeds)?.length ?? 0;
  const words = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  return `${words(lines, 'prompt')} × ${words(count, 'seed')} = ${words(lines * count, 'sample')}`;
}
