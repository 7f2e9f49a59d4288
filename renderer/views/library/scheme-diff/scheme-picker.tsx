import { Select, type SelectOption } from '../../../design/select.tsx';
import { useApp } from '../../../state/app-context.tsx';
import { mayHoldSchemes } from '../run-menu.tsx';
import { useRunSchemes } from '../use-run-schemes.ts';
import type { SchemeChoice } from './diff-store.ts';
import styles from './scheme-picker.module.css';

const SLIDERS = 'sliders';
/** Sets runs apart from SLIDERS, whatever they are called. */
const RUN = 'run:';

interface SchemePickerProps {
  readonly side: 'A' | 'B';
  readonly choice: SchemeChoice;
  readonly onChange: (choice: SchemeChoice) => void;
}

/** A run, and one of its schemes where it has several. */
export function SchemePicker({ side, choice, onChange }: SchemePickerProps) {
  const [runs, tableOpen] = useApp((state) => [state.runs, state.calibration !== null]);
  const { schemes } = useRunSchemes(choice?.kind === 'scheme' ? choice.run : null);
  const sources: SelectOption<string>[] = [
    ...(tableOpen ? [{ value: SLIDERS, label: 'What the sliders say now' }] : []),
    ...runs.filter(mayHoldSchemes).map(({ id, name }) => ({ value: RUN + id, label: name })),
  ];
  const value = choice === null ? '' : choice.kind === 'sliders' ? SLIDERS : RUN + choice.run;
  const chooseSource = (next: string) =>
    onChange(next === SLIDERS ? { kind: 'sliders' } : { kind: 'scheme', run: next.slice(RUN.length), scheme: null });
  return (
    <div className={styles.picker}>
      <span className={styles.side} aria-hidden>
        {side}
      </span>
      <Select
        label={`Scheme ${side}`}
        placeholder="Choose a scheme"
        value={value}
        options={sources}
        onChange={chooseSource}
      />
      {choice?.kind === 'scheme' && schemes.length > 1 && (
        <Select
          label={`File of scheme ${side}`}
          value={choice.scheme ?? schemes[0]!.file}
          options={schemes.map(({ file }) => ({ value: file, label: file }))}
          onChange={(scheme) => onChange({ ...choice, scheme })}
        />
      )}
    </div>
  );
}
