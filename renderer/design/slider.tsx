import { Slider as Primitive } from 'radix-ui';
import styles from './slider.module.css';

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  /** What a screen reader says instead of the number. */
  readonly valueText?: string;
  readonly onChange: (value: number) => void;
  /** The end of a drag. */
  readonly onCommit?: () => void;
  readonly disabled?: boolean;
}

/** A plain slider of one value. */
export function Slider({ label, value, min, max, step = 1, valueText, onChange, onCommit, disabled }: SliderProps) {
  return (
    <Primitive.Root
      className={styles.slider}
      value={[value]}
      min={min}
      max={max}
      step={step}
      disabled={disabled ?? false}
      onValueChange={([next]) => next !== undefined && onChange(next)}
      onValueCommit={() => onCommit?.()}
    >
      <Primitive.Track className={styles.track}>
        <Primitive.Range className={styles.range} />
      </Primitive.Track>
      <Primitive.Thumb className={styles.thumb} aria-label={label} aria-valuetext={valueText} />
    </Primitive.Root>
  );
}
