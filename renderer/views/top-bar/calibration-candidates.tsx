import { Plus } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { Button } from '../../design/button.tsx';
import field from '../../design/field.module.css';
import { CandidateToggles } from '../control-column/candidate-toggles.tsx';
import styles from './calibration-candidates.module.css';
import { parseArrow } from './calibration-form.ts';

/** What the published search offers. */
const USUAL = ['arrow/8', 'arrow/16', 'arrow/32', 'cached'];

interface CalibrationCandidatesProps {
  readonly chosen: readonly string[];
  readonly problem: string | null;
  readonly onChange: (chosen: string[]) => void;
}

/** Methods to measure: the usual ones, and arrows of any other window. */
export function CalibrationCandidates({ chosen, problem, onChange }: CalibrationCandidatesProps) {
  const [added, setAdded] = useState<readonly string[]>(chosen.filter((method) => !USUAL.includes(method)));
  const [text, setText] = useState('');
  const offered = sortMethods([...new Set([...USUAL, ...added])]);
  const method = parseArrow(text);

  const add = () => {
    if (method === null) return;
    setAdded([...added, method]);
    onChange(sortMethods([...new Set([...chosen, method])]));
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    // Otherwise the form would be sent.
    event.preventDefault();
    add();
  };
  return (
    <div className={field.field}>
      <span className={field.label}>Candidates, beside full attention</span>
      <CandidateToggles methods={offered} chosen={chosen} onChange={onChange} />
      <div className={styles.add}>
        <label className={styles.label}>
          Another window: 1/
          <input
            className={styles.input}
            inputMode="numeric"
            placeholder="64"
            value={text}
            aria-invalid={text !== '' && method === null}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={onKeyDown}
          />
          of the image
        </label>
        <Button look="quiet" icon={<Plus />} disabled={method === null} onClick={add}>
          Add
        </Button>
      </div>
      {problem && (
        <span className={field.problem} role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

/** Arrows from wide to narrow, then cached. */
function sortMethods(methods: readonly string[]): string[] {
  const rank = (method: string) => (method === 'cached' ? Number.POSITIVE_INFINITY : Number(method.split('/')[1]));
  return methods.toSorted((a, b) => rank(a) - rank(b));
}
