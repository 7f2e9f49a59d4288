import { useId } from 'react';
import { LIMITS } from '../../../electron/contract/fields.ts';
import field from '../../design/field.module.css';
import styles from './negative-prompt-field.module.css';
import { usePromptNotices } from './use-prompt-notices.ts';

interface NegativePromptFieldProps {
  readonly value: string;
  readonly onChange: (text: string) => void;
}

/** What no picture is to show: for models and guidance that look at it. */
export function NegativePromptField({ value, onChange }: NegativePromptFieldProps) {
  const id = useId();
  const [notice] = usePromptNotices([value]);
  return (
    <div className={field.field}>
      <label className={field.label} htmlFor={id}>
        Negative prompt
      </label>
      <span className={field.box}>
        <textarea
          id={id}
          rows={1}
          className={styles.text}
          aria-describedby={notice ? `${id}-notice` : undefined}
          placeholder="What no picture is to show"
          maxLength={LIMITS.promptCharacters}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      </span>
      {notice && (
        <span id={`${id}-notice`} className={styles.notice}>
          {notice}
        </span>
      )}
    </div>
  );
}
