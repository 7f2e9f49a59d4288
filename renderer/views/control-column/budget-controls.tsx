import { useMemo } from 'react';
import type { Calibration, Granularity } from '../../../electron/contract.ts';
import { Section } from '../../design/panel.tsx';
import { Segmented } from '../../design/segmented.tsx';
import { useApp } from '../../state/app-context.tsx';
import { bindingPoints, rseExtent, type SavingsOfTable } from './binding-points.ts';
import styles from './budget-controls.module.css';
import { CandidateToggles } from './candidate-toggles.tsx';
import { ConstraintControl } from './constraint-control.tsx';
import { CostChoice } from './cost-choice.tsx';
import { DeltaControl } from './delta-control.tsx';
import { GranularityChoice } from './granularity-choice.tsx';
import { layerBindingPoints, layerExtent } from './layer-binding-points.ts';
import { PRESETS, type PresetName, presetOf } from './presets.ts';

interface BudgetControlsProps {
  readonly calibration: Calibration;
}

/** The bounds of the open table: every move solves again. Each control renders on its own value alone. */
export function BudgetControls({ calibration }: BudgetControlsProps) {
  return (
    <>
      <Section title="Budget">
        <Presets />
        <DeltaBound calibration={calibration} />
        <ConstraintBound calibration={calibration} />
      </Section>
      <Section title="Candidates">
        <CandidateChoice calibration={calibration} />
        <CostSource calibration={calibration} />
        <GranularityBound />
      </Section>
    </>
  );
}

const PRESET_OPTIONS = PRESETS.map(({ name, says, delta, headConstraint }) => ({
  value: name,
  label: name,
  title: `δ ${delta}, c ${headConstraint ?? 'none'}: ${says}`,
}));

function Presets() {
  const [preset, tune] = useApp(({ tuning, tune: change }) => [tuning && presetOf(tuning), change]);
  const choose = (name: PresetName) => {
    const { delta, headConstraint } = PRESETS.find((known) => known.name === name)!;
    tune({ delta, headConstraint });
  };
  return (
    <div className={styles.presets}>
      <Segmented<PresetName | ''>
        label="Presets"
        value={preset ?? ''}
        options={PRESET_OPTIONS}
        onChange={(name) => name !== '' && choose(name)}
      />
    </div>
  );
}

function DeltaBound({ calibration }: BudgetControlsProps) {
  const [delta, headConstraint, granularity, candidates, cost, tune, endGesture] = useApp((state) => [
    state.tuning?.delta ?? null,
    state.tuning?.headConstraint ?? null,
    state.tuning?.granularity ?? null,
    state.tuning?.candidates ?? null,
    state.tuning?.cost ?? null,
    state.tune,
    state.endGesture,
  ]);
  const pointsAt = useMemo(() => {
    const savings = calibration.savings.find(({ source }) => source === cost)?.layers;
    return savings && candidates && pointsOf(calibration, candidates, savings, granularity);
  }, [calibration, candidates, cost, granularity]);
  if (delta === null) return null;
  return (
    <DeltaControl
      value={delta}
      points={pointsAt?.(headConstraint) ?? null}
      searchValue={calibration.search?.delta ?? null}
      onChange={(next) => tune({ delta: next }, 'delta')}
      onCommit={endGesture}
    />
  );
}

/** Where δ binds under a head constraint. */
function pointsOf(
  calibration: Calibration,
  candidates: readonly string[],
  savings: SavingsOfTable,
  granularity: Granularity | null,
) {
  const { heads } = calibration;
  if (granularity === 'layer') {
    const extent = layerExtent(calibration, candidates, savings);
    return (headConstraint: number | null) => layerBindingPoints(extent, headConstraint, heads);
  }
  const extent = rseExtent(calibration, candidates, savings);
  return (headConstraint: number | null) => bindingPoints(extent, headConstraint, heads);
}

function ConstraintBound({ calibration }: BudgetControlsProps) {
  const [delta, headConstraint, tune, endGesture] = useApp((state) => [
    state.tuning?.delta ?? null,
    state.tuning?.headConstraint ?? null,
    state.tune,
    state.endGesture,
  ]);
  if (delta === null) return null;
  return (
    <ConstraintControl
      value={headConstraint}
      delta={delta}
      heads={calibration.heads}
      searchValue={calibration.search?.headConstraint}
      onChange={(next) => tune({ headConstraint: next }, 'headConstraint')}
      onCommit={endGesture}
    />
  );
}

function CandidateChoice({ calibration }: BudgetControlsProps) {
  const [candidates, tune] = useApp((state) => [state.tuning?.candidates ?? null, state.tune]);
  if (candidates === null) return null;
  return (
    <CandidateToggles
      methods={calibration.methods.filter((method) => method !== 'full')}
      chosen={candidates}
      onChange={(chosen) => tune({ candidates: chosen })}
    />
  );
}

function CostSource({ calibration }: BudgetControlsProps) {
  const [cost, tune] = useApp((state) => [state.tuning?.cost ?? null, state.tune]);
  if (cost === null) return null;
  return (
    <CostChoice
      value={cost}
      available={calibration.savings.map(({ source }) => source)}
      onChange={(next) => tune({ cost: next })}
    />
  );
}

function GranularityBound() {
  const [granularity, tune, changeSettings] = useApp((state) => [
    state.tuning?.granularity ?? null,
    state.tune,
    state.changeSettings,
  ]);
  if (granularity === null) return null;
  const choose = (next: Granularity) => {
    tune({ granularity: next });
    changeSettings({ granularity: next });
  };
  return <GranularityChoice value={granularity} onChange={choose} />;
}
