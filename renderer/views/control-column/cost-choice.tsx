import type { CostSource } from '../../../electron/contract.ts';
import { Segmented } from '../../design/segmented.tsx';
import styles from './cost-choice.module.css';

interface CostChoiceProps {
  readonly value: CostSource;
  readonly available: readonly CostSource[];
  readonly onChange: (cost: CostSource) => void;
}

const NAMES: Record<CostSource, { label: string; title: string }> = {
  flops: { label: 'FLOPs', title: 'Counted from the blocks that a method computes' },
  measured: { label: 'Measured', title: 'Timed on the device at this shape' },
};

/** What a method saves is counted by. */
export function CostChoice({ value, available, onChange }: CostChoiceProps) {
  if (available.length === 0)
    return <p className={styles.note}>The table says too little to count savings: it came from another program.</p>;
  return (
    <div className={styles.row}>
      <span className={styles.label}>Savings by</span>
      {available.length === 1 ? (
        <span title={NAMES[available[0]!].title}>{NAMES[available[0]!].label}</span>
      ) : (
        <Segmented
          label="Savings by"
          value={value}
          options={available.map((cost) => ({ value: cost, ...NAMES[cost] }))}
          onChange={onChange}
        />
      )}
    </div>
  );
}
