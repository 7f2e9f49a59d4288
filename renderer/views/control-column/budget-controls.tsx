import { useMemo } from 'react';
import { Section } from '../../design/panel.tsx';
import { Segmented } from '../../design/segmented.tsx';
import { useApp } from '../../state/app-context.tsx';
import { bindingPoints, rseExtent } from './binding-points.ts';
import styles from './budget-controls.module.css';
import { CandidateToggles } from './candidate-toggles.tsx';
import { ConstraintControl } from './constraint-control.tsx';
import { CostChoice } from './cost-choice.tsx';
import { DeltaControl } from './delta-control.tsx';
import { PRESETS, type PresetName, presetOf } from './presets.ts';

/** The bounds of the open table: every move solves again. */
export function BudgetControls() {
  const [calibration, tuning, tune, endGesture] = useApp((state) => [
    state.calibration,
    state.tuning,
    state.tune,
    state.endGesture,
  ]);
  const candidates = tuning?.candidates;
  const extent = useMemo(
    () => (calibration && candidates ? rseExtent(calibration, candidates) : null),
    [calibration, candidates],
  );
  if (calibration === null || tuning === null || extent === null) return null;
  const { heads, methods, search, costs } = calibration;
  const { delta, headConstraint, cost } = tuning;
  const choosePreset = (name: PresetName) => {
    const preset = PRESETS.find((known) => known.name === name)!;
    tune({ delta: preset.delta, headConstraint: preset.headConstraint });
  };
  return (
    <>
      <Section title="Budget">
        <div className={styles.presets}>
          <Segmented<PresetName | ''>
            label="Presets"
            value={presetOf(tuning) ?? ''}
            options={PRESETS.map(({ name, says, ...at }) => ({
              value: name,
              label: name,
              title: `δ ${at.delta}, c ${at.headConstraint ?? 'none'}: ${says}`,
            }))}
            onChange={(name) => name !== '' && choosePreset(name)}
          />
        </div>
        <DeltaControl
          value={delta}
          points={bindingPoints(extent, headConstraint, heads)}
          searchValue={search?.delta ?? null}
          onChange={(next) => tune({ delta: next }, 'delta')}
          onCommit={endGesture}
        />
        <ConstraintControl
          value={headConstraint}
          delta={delta}
          heads={heads}
          searchValue={search?.headConstraint}
          onChange={(next) => tune({ headConstraint: next }, 'headConstraint')}
          onCommit={endGesture}
        />
      </Section>
      <Section title="Candidates">
        <CandidateToggles
          methods={methods.filter((method) => method !== 'full')}
          chosen={tuning.candidates}
          onChange={(chosen) => tune({ candidates: chosen })}
        />
        <CostChoice value={cost} available={costs} onChange={(next) => tune({ cost: next })} />
      </Section>
    </>
  );
}
