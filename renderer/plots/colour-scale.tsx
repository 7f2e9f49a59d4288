import styles from './colour-scale.module.css';
import { SEQUENTIAL } from './log-colours.ts';

interface ColourScaleProps {
  readonly title: string;
  /** Labels at shares of the scale, 0 at its dark end. */
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

const GRADIENT = SEQUENTIAL.map(([at, colour]) => `${colour} ${at * 100}%`).join(', ');

/** What the colours of the sequential scale mean. */
export function ColourScale({ title, ticks }: ColourScaleProps) {
  return (
    <div className={styles.scale} role="img" aria-label={`Colours from ${ticks[0]?.label} to ${ticks.at(-1)?.label}`}>
      <div className={styles.bar} style={{ background: `linear-gradient(to top, ${GRADIENT})` }} />
      <div className={styles.ticks}>
        {ticks.map(({ at, label }) => (
          <span key={label} style={{ bottom: `${at * 100}%` }}>
            {label}
          </span>
        ))}
      </div>
      <em>{title}</em>
    </div>
  );
}
