import type { Granularity } from '../../../electron/contract.ts';
import { Segmented } from '../../design/segmented.tsx';
import styles from './cost-choice.module.css';

interface GranularityChoiceProps {
  readonly value: Granularity;
  readonly onChange: (granularity: Granularity) => void;
}

const OPTIONS = [
  { value: 'head', label: 'Head', title: 'Every head has a method of its own' },
  { value: 'layer', label: 'Layer', title: 'All heads of a layer share one method at a step' },
] as const;

/** What gets a method of its own. */
export function GranularityChoice({ value, onChange }: GranularityChoiceProps) {
  return (
    <div className={styles.row}>
      <span className={styles.label}>A method per</span>
      <Segmented<Granularity> label="A method per" value={value} options={OPTIONS} onChange={onChange} />
    </div>
  );
}
