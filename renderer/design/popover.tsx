import { Popover as Primitive } from 'radix-ui';
import type { ReactElement, ReactNode } from 'react';
import styles from './popover.module.css';

interface PopoverProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  /** Its accessible name. */
  readonly label: string;
  /** The button that opens it. */
  readonly trigger: ReactElement;
  readonly align?: 'start' | 'center' | 'end';
  /** As wide as its trigger, or wider where its content needs it. */
  readonly matchTrigger?: boolean;
  readonly children: ReactNode;
}

/** A small editor beside its button: takes the focus, closes by Escape or a click elsewhere. */
export function Popover(props: PopoverProps) {
  const { open, onOpenChange, label, trigger, align = 'start', matchTrigger, children } = props;
  return (
    <Primitive.Root open={open} onOpenChange={onOpenChange}>
      <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content
          className={`${styles.popover} ${matchTrigger ? styles.matching : ''}`}
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          onOpenAutoFocus={focusField}
        >
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

/** The first field, if there is one: a focused button would show its tooltip over the rest. */
function focusField(event: Event): void {
  const content = event.currentTarget as HTMLElement;
  event.preventDefault();
  (content.querySelector<HTMLElement>('input, textarea') ?? content).focus();
}
