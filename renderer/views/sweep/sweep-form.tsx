import { Play } from 'lucide-react';
import { useState } from 'react';
import type { JobRequest } from '../../../electron/contract.ts';
import { Button } from '../../design/button.tsx';
import { formatDuration } from '../../design/format.ts';
import { notifyError } from '../../design/notify.ts';
import { TextField } from '../../design/text-field.tsx';
import { useApp } from '../../state/app-context.tsx';
import { samplesToMake } from '../../state/negative-prompt.ts';
import type { Tuning } from '../../state/tuning.ts';
import { showBound } from '../control-column/parse-bound.ts';
import { forecastSeconds } from './sweep-forecast.ts';
import styles from './sweep-form.module.css';
import { logRangeValues, parseValues } from './sweep-values.ts';

interface SweepFormProps {
  readonly run: string;
  readonly tuning: Tuning;
}

/** The values of a sweep, what it will take, and its start. */
export function SweepForm({ run, tuning }: SweepFormProps) {
  const [settings, model, sampling, openRun, startJob] = useApp((state) => [
    state.settings,
    state.model,
    state.calibration?.sampling ?? null,
    state.openRun,
    state.startJob,
  ]);
  const [deltaText, setDeltaText] = useState(() => defaultDeltas(tuning.delta));
  const [constraintText, setConstraintText] = useState('1, 1.5, 2, none');
  const [starting, setStarting] = useState(false);
  const deltas = parseValues(deltaText, false);
  const constraints = parseValues(constraintText, true);
  const valid = 'values' in deltas && 'values' in constraints;
  const points = valid ? deltas.values.length * constraints.values.length : 0;
  const pictures = settings?.samples.length ?? 0;
  const forecast = forecastSeconds(openRun, points, pictures);

  const start = async () => {
    if (!valid || settings === null) return;
    const job: JobRequest = {
      kind: 'sweep',
      run,
      deltas: deltas.values.filter((value) => value !== null),
      headConstraints: [...constraints.values],
      granularity: tuning.granularity,
      candidates: [...tuning.candidates],
      cost: tuning.cost,
      samples: samplesToMake(settings, model, sampling),
    };
    setStarting(true);
    await startJob(job).catch((error: unknown) => notifyError('The sweep could not be started', error));
    setStarting(false);
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <TextField
        label="δ, error budgets"
        value={deltaText}
        problem={'problem' in deltas ? deltas.problem : null}
        onChange={setDeltaText}
      />
      <TextField
        label="c, head constraints"
        value={constraintText}
        problem={'problem' in constraints ? constraints.problem : null}
        onChange={setConstraintText}
      />
      <div className={styles.start}>
        <Button look="primary" type="submit" icon={<Play />} disabled={!valid || pictures === 0 || starting}>
          Sweep {points} {points === 1 ? 'point' : 'points'}
        </Button>
        <p>
          {pictures === 1 ? 'The prompt above' : `The ${pictures} prompts above`}, {points + 1} times
          {forecast === null ? '' : `: at most about ${formatDuration(forecast)}`}
        </p>
      </div>
    </form>
  );
}

/** Around what the sliders say. */
function defaultDeltas(delta: number): string {
  const middle = delta > 0 ? delta : 0.2;
  return logRangeValues(middle / 4, middle * 4, 5)
    .map(showBound)
    .join(', ');
}
