import { Slider } from 'radix-ui';
import { type ReactNode, useId } from 'react';
import { BoundField } from './bound-field.tsx';
import type { Scale } from './log-scale.ts';
import styles from './log-slider.module.css';

export interface SliderMark {
  readonly value: number;
  /** What happens there, in a few words. */
  readonly says: string;
  readonly kind: 'binds' | 'search';
}

interface LogSliderProps {
  /** "δ" with what it stands for. */
  readonly symbol: string;
  readonly label: string;
  readonly scale: Scale;
  readonly value: number | null;
  readonly allowNone?: boolean;
  readonly marks: readonly SliderMark[];
  /** What the value means now. */
  readonly children?: ReactNode;
  readonly onChange: (value: number | null) => void;
  /** The thumb was let go, or a key released. */
  readonly onCommit?: () => void;
}

/** A bound on a log scale: slider, typed entry, labelled decades, and marks where it begins and stops to bind. */
export function LogSlider(props: LogSliderProps) {
  const { symbol, label, scale, value, allowNone = false, marks, children, onChange, onCommit } = props;
  const id = useId();
  const at = (mark: number | null) => ({ left: `${(scale.position(mark) / scale.last) * 100}%` });
  const shown = value === null ? 'none' : String(value);
  return (
    <div className={styles.control}>
      <div className={styles.heading}>
        <span className={styles.name} aria-hidden>
          <i>{symbol}</i> {label}
        </span>
        <BoundField label={`${label}, ${symbol}`} value={value} allowNone={allowNone} onChange={onChange} />
      </div>
      <Slider.Root
        className={styles.root}
        min={0}
        max={scale.last}
        step={1}
        value={[scale.position(value)]}
        onValueChange={([position]) => position !== undefined && onChange(scale.value(position))}
        onValueCommit={() => onCommit?.()}
      >
        <Slider.Track className={styles.track}>
          <Slider.Range className={styles.range} />
        </Slider.Track>
        <Slider.Thumb
          className={styles.thumb}
          aria-label={`${label}, ${symbol}`}
          aria-valuetext={shown}
          aria-describedby={`${id}-means ${id}-marks`}
        />
      </Slider.Root>
      <div className={styles.scale} aria-hidden>
        {marks.map((mark) => (
          <span
            key={mark.says}
            className={`${styles.mark} ${styles[mark.kind]}`}
            style={at(mark.value)}
            title={mark.says}
          />
        ))}
        {scale.decades.map((decade) => (
          <span key={decade} className={styles.decade} style={at(decade)}>
            {decade}
          </span>
        ))}
        {allowNone && (
          <span className={styles.decade} style={at(null)}>
            none
          </span>
        )}
      </div>
      <p id={`${id}-marks`} className="visually-hidden">
        {marks.map((mark) => `At ${mark.value.toPrecision(2)}: ${mark.says}.`).join(' ')}
      </p>
      <p id={`${id}-means`} className={styles.means}>
        {children}
      </p>
    </div>
  );
}
