import { useMemo } from 'react';
import { formatNumber } from '../../design/format.ts';
import { constraintEffect } from './binding-points.ts';
import { decadesAround, logScale } from './log-scale.ts';
import { LogSlider, type SliderMark } from './log-slider.tsx';

/** Below it, heads may use a tenth of their even share. */
const LOWEST = 0.1;

interface ConstraintControlProps {
  readonly value: number | null;
  /** δ, to say what a head may use. */
  readonly delta: number;
  /** Per layer; null where no table says. */
  readonly heads: number | null;
  /** The search's own; undefined where there is none. */
  readonly searchValue: number | null | undefined;
  readonly onChange: (headConstraint: number | null) => void;
  readonly onCommit?: () => void;
}

/** c: no head may use more than c·δ/n of the budget. */
export function ConstraintControl(props: ConstraintControlProps) {
  const { value, delta, heads, searchValue, onChange, onCommit } = props;
  const highest = Math.max(heads ?? 0, 2);
  const outside = value !== null && value < LOWEST ? value : 0;
  const scale = useMemo(
    () => logScale(decadesAround([outside, searchValue ?? 0], LOWEST, LOWEST * 10)[0], highest, true),
    [outside, searchValue, highest],
  );
  const marks: SliderMark[] = [{ value: 1, says: 'up to here, each head is bounded by itself', kind: 'binds' }];
  if (heads !== null && heads > 1) marks.push({ value: heads, says: 'from here on, c no longer binds', kind: 'binds' });
  if (searchValue !== undefined && searchValue !== null)
    marks.push({ value: searchValue, says: 'the search ran here', kind: 'search' });
  return (
    <LogSlider
      symbol="c"
      label="Head constraint"
      scale={scale}
      value={value}
      allowNone
      marks={marks}
      idle={heads === null ? [] : [[heads, null]]}
      onChange={onChange}
      {...(onCommit ? { onCommit } : {})}
    >
      {meaning(value, delta, heads)}
    </LogSlider>
  );
}

function meaning(value: number | null, delta: number, heads: number | null): string {
  if (heads === null) return value === null ? 'No bound on a single head' : 'No head uses more than c·δ/heads';
  const share = formatNumber(((value ?? heads) * delta) / heads);
  switch (constraintEffect(value, heads)) {
    case 'none':
      return 'No bound on a single head';
    case 'greedy':
      return `Each head by itself, RSE at most ${share}`;
    case 'slack':
      return `Does not bind from ${heads} on: as none`;
    case 'shared':
      return `RSE of a head at most ${share}`;
  }
}
