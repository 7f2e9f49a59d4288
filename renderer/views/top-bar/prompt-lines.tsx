import { useId } from 'react';
import { Button } from '../../design/button.tsx';
import field from '../../design/field.module.css';
import styles from './prompt-lines.module.css';

interface PromptLinesProps {
  readonly value: string;
  readonly problem: string | null;
  /** The model's own calibration prompts; may be empty. */
  readonly shipped: readonly string[];
  /** Those of the top bar. */
  readonly samples: readonly string[];
  readonly onChange: (text: string) => void;
}

/** Prompts to calibrate on, one per line. */
export function PromptLines({ value, problem, shipped, samples, onChange }: PromptLinesProps) {
  const id = useId();
  return (
    <div className={`${field.field} ${styles.prompts}`}>
      <label htmlFor={id} className={field.label}>
        Prompts to calibrate on, one per line
      </label>
      <span className={field.box}>
        <textarea
          id={id}
          rows={8}
          className={styles.lines}
          value={value}
          aria-invalid={problem !== null}
          aria-describedby={problem ? `${id}-problem` : undefined}
          onChange={(event) => onChange(event.target.value)}
        />
      </span>
      {problem && (
        <span id={`${id}-problem`} className={field.problem} role="alert">
          {problem}
        </span>
      )}
      <div className={styles.sources}>
        {shipped.length > 0 && (
          <Button look="quiet" onClick={() => onChange(shipped.join('\n'))}>
            All {shipped.length} of the model
          </Button>
        )}
        <Button look="quiet" onClick={() => onChange(samples.join('\n'))}>
          Those of the top bar
        </Button>
      </div>
    </div>
  );
}
