import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import styles from './field.module.css';

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** For the arrow keys. */
  readonly step?: number;
  readonly integer?: boolean;
  /** Shown behind the number. */
  readonly unit?: string;
  readonly hideLabel?: boolean;
  readonly disabled?: boolean;
  readonly onChange: (value: number) => void;
}

/** A typed number: takes effect on Enter or when left, says at once what is wrong with it, Escape takes it back. */
export function NumberField(props: NumberFieldProps) {
  const { label, value, min, max, step = 1, integer, unit, hideLabel, disabled, onChange } = props;
  const [text, setText] = useState(String(value));
  useEffect(() => setText(String(value)), [value]);
  const id = useId();
  const problem = numberProblem(text, min, max, integer === true);

  const commit = () => {
    if (problem === null && Number(text) !== value) onChange(Number(text));
    if (problem !== null) setText(String(value));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') commit();
    if (event.key === 'Escape') setText(String(value));
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    const next = Number((value + (event.key === 'ArrowUp' ? step : -step)).toPrecision(12));
    onChange(Math.min(max, Math.max(min, next)));
  };

  return (
    <div className={styles.field}>
      <label htmlFor={id} className={hideLabel ? 'visually-hidden' : styles.label}>
        {label}
      </label>
      <span className={styles.box}>
        <input
          id={id}
          inputMode={integer ? 'numeric' : 'decimal'}
          value={text}
          disabled={disabled}
          aria-invalid={problem !== null}
          aria-describedby={problem ? `${id}-problem` : undefined}
          onChange={(event) => setText(event.target.value)}
          onBlur={commit}
          onKeyDown={onKeyDown}
        />
        {unit && <span className={styles.unit}>{unit}</span>}
      </span>
      {problem && (
        <span id={`${id}-problem`} className={styles.problem} role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

/** Why a text is no acceptable number; null where it is one. */
export function numberProblem(text: string, min: number, max: number, integer: boolean): string | null {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return 'A number is needed';
  if (integer && !Number.isInteger(value)) return 'A whole number is needed';
  if (value < min) return `At least ${min}`;
  if (value > max) return `At most ${max}`;
  return null;
}
