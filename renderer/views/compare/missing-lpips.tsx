import { type ReactNode, useState } from 'react';
import {
  addWeightsCommand,
  DEFAULT_COMMAND,
  explainMissingLpips,
  LPIPS_TITLES,
  type LpipsMissing,
  type LpipsNetwork,
  MISSING_WEIGHTS,
} from '../../../electron/contract/lpips.ts';
import { Popover } from '../../design/popover.tsx';
import { Tip } from '../../design/tip.tsx';
import { useApp } from '../../state/app-context.tsx';
import styles from './missing-lpips.module.css';

interface MissingLpipsProps {
  readonly missing: LpipsMissing;
  readonly network: LpipsNetwork;
  /** What to do once the weights are there. */
  readonly children?: ReactNode;
}

/** Stands where LPIPS would: why it is not there, and the command that changes that. */
export function MissingLpips({ missing, network, children }: MissingLpipsProps) {
  const [open, setOpen] = useState(false);
  const command = useApp((state) => state.host?.command);
  if (missing === 'size') {
    return (
      <Tip text={explainMissingLpips(missing, network, command)}>
        <button type="button" className={styles.open}>
          too small
        </button>
      </Tip>
    );
  }
  const trigger = (
    <button type="button" className={styles.open}>
      add weights…
    </button>
  );
  return (
    <Popover open={open} onOpenChange={setOpen} label="How to add the weights of LPIPS" trigger={trigger} align="end">
      <div className={styles.hint}>
        <h3>LPIPS ({LPIPS_TITLES[network]})</h3>
        <p>{MISSING_WEIGHTS} Where Arrowhead runs, in its folder, this downloads and checks them:</p>
        <code className={styles.command}>{addWeightsCommand(network, command)}</code>
        <p className={styles.aside}>
          For a machine without a network, <code>{command ?? DEFAULT_COMMAND} weights --help</code> has the addresses.
        </p>
        {children}
      </div>
    </Popover>
  );
}
