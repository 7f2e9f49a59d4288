import { useMemo } from 'react';
import { formatNumber } from '../../design/format.ts';
import type { BindingPoints } from './binding-points.ts';
import { decadesAround, logScale } from './log-scale.ts';
import { LogSlider, type SliderMark } from './log-slider.tsx';

/** Beyond any sensible δ; wider only where a value or the search itself lies outside. */
const USUAL_RANGE = [1e-3, 10] as const;

interface DeltaControlProps {
  readonly value: number;
  /** Where it binds; null where no table says. */
  readonly points: BindingPoints | null;
  /** The search's own. */
  readonly searchValue: number | null;
  readonly onChange: (delta: number) => void;
  readonly onCommit?: () => void;
}

/** δ: how much summed RSE the heads of a layer may have at a step. */
export function DeltaControl({ value, points, searchValue, onChange, onCommit }: DeltaControlProps) {
  const outside = value < USUAL_RANGE[0] || value > USUAL_RANGE[1];
  // Stays as it is through a drag: only a typed value can lie outside.
  const widest = outside ? value : 0;
  const scale = useMemo(
    () => logScale(...decadesAround([widest, searchValue ?? 0], ...USUAL_RANGE)),
    [widest, searchValue],
  );
  return (
    <LogSlider
      symbol="δ"
      label="Error budget"
      scale={scale}
      value={value}
      idle={idleOf(points, scale.value(0)!, scale.value(scale.last)!)}
      marks={marksOf(points, searchValue, scale.value(0)!, scale.value(scale.last)!)}
      onChange={(next) => next !== null && onChange(next)}
      {...(onCommit ? { onCommit } : {})}
    >
      {meaning(value, points)}
    </LogSlider>
  );
}

function marksOf(points: BindingPoints | null, search: number | null, low: number, high: number): SliderMark[] {
  const marks: SliderMark[] = [];
  if (points !== null) {
    marks.push({ value: points.nothingBelow, says: 'below, every head stays full', kind: 'binds' });
    marks.push({ value: points.everythingFrom, says: 'from here on, a larger δ changes nothing', kind: 'binds' });
  }
  if (search !== null) marks.push({ value: search, says: 'the search ran here', kind: 'search' });
  return marks.filter((mark) => mark.value >= low && mark.value <= high);
}

function idleOf(points: BindingPoints | null, low: number, high: number): [number, number][] {
  if (points === null) return [];
  const zones: [number, number][] = [
    [low, points.nothingBelow],
    [points.everythingFrom, high],
  ];
  return zones.filter(([from, to]) => from < to && from < high && to > low);
}

function meaning(value: number, points: BindingPoints | null): string {
  if (points !== null && value < points.nothingBelow)
    return Number.isFinite(points.nothingBelow)
      ? `Every head stays full below ${formatNumber(points.nothingBelow)}`
      : 'Every head stays full: no candidate is possible';
  if (points !== null && value >= points.everythingFrom) return 'Does not bind: every head saves what it can';
  return 'Bound on the summed RSE of a layer';
}
