import { ToggleGroup } from 'radix-ui';
import { methodColours, methodLabel } from '../../plots/method-colours.ts';
import styles from './candidate-toggles.module.css';

interface CandidateTogglesProps {
  /** What may be offered, beside `full`. */
  readonly methods: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: string[]) => void;
}

/** Which methods the search may choose from, beside full attention. */
export function CandidateToggles({ methods, chosen, onChange }: CandidateTogglesProps) {
  const colours = methodColours(['full', ...methods]).slice(1);
  return (
    <ToggleGroup.Root
      type="multiple"
      className={styles.group}
      value={[...chosen]}
      // In the order of the methods, whatever the order of the clicks: equal choices are equal settings.
      onValueChange={(next) => onChange(methods.filter((method) => next.includes(method)))}
      aria-label="Candidates"
    >
      {methods.map((method, i) => (
        <ToggleGroup.Item key={method} value={method} className={styles.item}>
          <span className={styles.swatch} style={{ background: colours[i] }} aria-hidden />
          {methodLabel(method)}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}
