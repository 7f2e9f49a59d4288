import { type KeyboardEvent, useId, useState } from 'react';
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
  /** What is being typed; null while the value itself is shown. */
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? showBound(value);
  const id = useId();
  const parsed = parseBound(text, allowNone);
  const problem = 'problem' in parsed ? parsed.problem : null;

  const commit = () => {
    setTyped(null);
    if (!('problem' in parsed) && parsed.value !== value) onChange(parsed.value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') commit();
    if (event.key === 'Escape') setTyped(null);
    // What is half typed is undone here, what took effect in the window.
    if (event.key.toLowerCase() === 'z' && typed !== null) event.stopPropagation();
  };
  return (
    <span className={styles.field}>
      <input
        className={styles.input}
        data-undo="window"
        aria-label={`${label}, typed`}
        aria-invalid={problem !== null}
        aria-describedby={problem ? id : undefined}
        inputMode={allowNone ? 'text' : 'decimal'}
        value={text}
        onChange={(event) => setTyped(event.target.value)}
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
