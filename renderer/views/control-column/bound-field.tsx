import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import styles from './bound-field.module.css';
import { parseBound, showBound } from './parse-bound.ts';

interface BoundFieldProps {
  readonly label: string;
  readonly value: number | null;
  /** Whether "none" is a value. */
  readonly allowNone: boolean;
  readonly onChange: (value: number | null) => void;
}

/** A typed δ or c: takes effect on Enter or when left; Escape takes it back. */
export function BoundField({ label, value, allowNone, onChange }: BoundFieldProps) {
  const [text, setText] = useState(showBound(value));
  useEffect(() => setText(showBound(value)), [value]);
  const id = useId();
  const parsed = parseBound(text, allowNone);
  const problem = 'problem' in parsed ? parsed.problem : null;

  const commit = () => {
    if ('problem' in parsed) return setText(showBound(value));
    if (parsed.value === value) return setText(showBound(value));
    onChange(parsed.value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') commit();
    if (event.key === 'Escape') setText(showBound(value));
  };
  return (
    <span className={styles.field}>
      <input
        className={styles.input}
        aria-label={`${label}, typed`}
        aria-invalid={problem !== null}
        aria-describedby={problem ? id : undefined}
        inputMode={allowNone ? 'text' : 'decimal'}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={commit}
        onKeyDown={onKeyDown}
      />
      {problem && (
        <span id={id} className={styles.problem} role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}
