import { Plus } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { IconButton } from '../../design/button.tsx';
import styles from './another-window.module.css';
import { parseFraction } from './calibration-form.ts';

/** Any window that is not among the usual ones. */
export function AnotherWindow({ onAdd }: { readonly onAdd: (fraction: number) => void }) {
  const [text, setText] = useState('');
  const fraction = parseFraction(text);
  const add = () => {
    if (fraction === null) return;
    onAdd(fraction);
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    // Otherwise the form would be sent.
    event.preventDefault();
    add();
  };
  return (
    <span className={styles.add}>
      <label className={styles.label}>
        <span className="visually-hidden">Another window: </span>1/
        <input
          className={styles.input}
          inputMode="numeric"
          placeholder="64"
          title="Another window, as a part of the image"
          value={text}
          aria-invalid={text !== '' && fraction === null}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      <IconButton label="Add" icon={<Plus />} disabled={fraction === null} onClick={add} />
    </span>
  );
}
