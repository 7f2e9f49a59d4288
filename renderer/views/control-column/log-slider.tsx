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
  /** From where to where the value makes no difference; drawn hatched. null is the slider's end. */
  readonly idle?: readonly (readonly [from: number, to: number | null])[];
  /** What the value means now. */
  readonly children?: ReactNode;
  readonly onChange: (value: number | null) => void;
  /** What changes after this is another gesture than what changed before: a drag, a key, a typed value. */
  readonly onCommit?: () => void;
}

/** A bound on a log scale: slider, typed entry, labelled decades, and marks where it begins and stops to bind. */
export function LogSlider(props: LogSliderProps) {
  const { symbol, label, scale, value, allowNone = false, marks, idle = [], children, onChange, onCommit } = props;
  const id = useId();
  const share = (at: number | null) => (scale.position(at) / scale.last) * 100;
  const at = (mark: number | null) => ({ left: `${share(mark)}%` });
  const shown = value === null ? 'none' : String(value);
  const type = (next: number | null) => {
    onCommit?.();
    onChange(next);
    onCommit?.();
  };
  const labels: { readonly value: number | null; readonly text: string }[] = [
    ...scale.decades.map((decade) => ({ value: decade, text: String(decade) })),
    ...(allowNone ? [{ value: null, text: 'none' }] : []),
  ];
  return (
    <div className={styles.control}>
      <div className={styles.heading}>
        <span className={styles.name} aria-hidden>
          <i>{symbol}</i> {label}
        </span>
        <BoundField label={`${label}, ${symbol}`} value={value} allowNone={allowNone} onChange={type} />
      </div>
      <Slider.Root
        className={styles.root}
        min={0}
        max={scale.last}
        step={1}
        value={[scale.position(value)]}
        onValueChange={([position]) => position !== undefined && onChange(scale.value(position))}
        onPointerDown={() => onCommit?.()}
        // For a key, this comes before the change itself.
        onValueCommit={() => onCommit?.()}
      >
        <Slider.Track className={styles.track}>
          <Slider.Range className={styles.range} />
        </Slider.Track>
        <span className={styles.marks} aria-hidden>
          {idle.map(([from, to]) => (
            <span key={from} className={styles.idle} style={{ ...at(from), right: `${100 - share(to)}%` }} />
          ))}
          {marks.map((mark) => (
            <span
              key={mark.says}
              className={`${styles.mark} ${mark.kind === 'search' ? styles.search : ''}`}
              style={at(mark.value)}
              title={mark.says}
            />
          ))}
        </span>
        <Slider.Thumb
          className={styles.thumb}
          aria-label={`${label}, ${symbol}`}
          aria-valuetext={shown}
          aria-describedby={`${id}-means ${id}-marks`}
        />
      </Slider.Root>
      <div className={styles.scale} aria-hidden>
        {labels.map(({ value: label, text }, i) => (
          <span key={text} className={`${styles.decade} ${edgeOf(share(label), i, labels.length)}`} style={at(label)}>
            {text}
          </span>
        ))}
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

/** Labels at the very ends of the track are kept within it. */
function edgeOf(share: number, i: number, count: number): string | undefined {
  if (i === 0 && share < 2) return styles.first;
  return i === count - 1 && share > 98 ? styles.last : '';
}
