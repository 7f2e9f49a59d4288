import type { ButtonHTMLAttributes, ReactNode } from 'react';
import styles from './button.module.css';
import { Tip } from './tip.tsx';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary`: the one thing to do next. At most one in sight. */
  readonly look?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly icon?: ReactNode;
}

export function Button({ look = 'plain', icon, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={`${styles.button} ${styles[look]} ${className ?? ''}`} {...rest}>
      {icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  /** Its accessible name, shown as a tooltip too. */
  readonly label: string;
  /** Shown behind the label: "Ctrl+Z". */
  readonly keys?: string;
  readonly icon: ReactNode;
  readonly pressed?: boolean;
}

export function IconButton({ label, keys, icon, pressed, className, ...rest }: IconButtonProps) {
  return (
    <Tip text={label} {...(keys === undefined ? {} : { keys })}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={`${styles.button} ${styles.quiet} ${styles.icon} ${className ?? ''}`}
        {...rest}
      >
        {icon}
      </button>
    </Tip>
  );
}
