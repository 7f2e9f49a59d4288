import { Tooltip } from 'radix-ui';
import type { ReactElement } from 'react';
import styles from './tip.module.css';

interface TipProps {
  readonly text: string;
  readonly keys?: string;
  readonly children: ReactElement;
}

/** A tooltip, by pointer and by keyboard focus. The control keeps its own accessible name. */
export function Tip({ text, keys, children }: TipProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className={styles.tip} sideOffset={6} collisionPadding={8}>
          {text}
          {keys && <kbd>{keys}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
