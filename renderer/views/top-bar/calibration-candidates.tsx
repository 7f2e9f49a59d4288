import { useState } from 'react';
import { windowColours } from '../../../electron/contract/method-looks.ts';
import { methodLabel, windowFractions } from '../../../electron/contract/methods.ts';
import { Chip } from '../../design/chip.tsx';
import field from '../../design/field.module.css';
import { usableCandidates } from '../../state/usable-candidates.ts';
import { AnotherWindow } from './another-window.tsx';
import styles from './calibration-candidates.module.css';
import {
  arrowAs,
  extentOf,
  sharesGuidance,
  VARIANTS,
  type Variant,
  withMethods,
  withWindow,
} from './candidate-choice.ts';

/** What the published search offers. */
const USUAL = [8, 16, 32];

const SHARED_SAYS = 'computes the guided half of the batch alone; the other half gets a copy';
const RESIDUAL_SAYS = 'adds what full attention had over it at the head’s last full step';
const SAYS: Readonly<Record<Variant, { readonly label: string; readonly title: string }>> = {
  alone: { label: 'alone', title: 'The band and all that touches text' },
  residual: { label: '+ residual', title: `Residual sharing: ${RESIDUAL_SAYS}` },
  shared: { label: 'CFG shared', title: `CFG sharing: ${SHARED_SAYS}` },
  'shared-residual': { label: 'CFG shared + residual', title: `Both: ${SHARED_SAYS}, and ${RESIDUAL_SAYS}` },
};
const PRESSED = { all: true, some: 'mixed', none: false } as const;

interface CalibrationCandidatesProps {
  readonly chosen: readonly string[];
  /** Why nothing can be shared between the halves of classifier-free guidance; null where it can. */
  readonly unguided: string | null;
  readonly problem: string | null;
  readonly onChange: (chosen: string[]) => void;
}

/** Methods to measure: windows, what every one of them is offered as, and what needs no window. */
export function CalibrationCandidates({ chosen, unguided, problem, onChange }: CalibrationCandidatesProps) {
  // Windows stay chosen while they are offered as nothing, so that one variant can take another's place.
  const [windows, setWindows] = useState(() => windowFractions(chosen));
  const [added, setAdded] = useState(windows);
  const offered = [...new Set([...USUAL, ...added])].sort((a, b) => a - b);
  const colours = windowColours(offered.map((fraction) => arrowAs(fraction, 'alone')));
  const usable = usableCandidates(chosen, unguided === null);

  const chooseWindow = (fraction: number, on: boolean) => {
    setWindows(on ? [...windows, fraction] : windows.filter((other) => other !== fraction));
    onChange(withWindow(chosen, windows, fraction, on));
  };
  const chooseVariant = (variant: Variant, on: boolean) =>
    onChange(
      withMethods(
        chosen,
        windows.map((fraction) => arrowAs(fraction, variant)),
        on,
      ),
    );
  const obstacleOf = (variant: Variant) =>
    (sharesGuidance(variant) ? unguided : null) ?? (windows.length === 0 ? 'Choose a window first' : null);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid everywhere
    <div className={field.field} role="group" aria-label="Candidates">
      <span className={field.label}>Candidates, beside full attention</span>
      <div className={styles.rows}>
        <span className={styles.title}>Arrow windows</span>
        <div className={styles.chips}>
          {offered.map((fraction) => (
            <Chip
              key={fraction}
              label={methodLabel(arrowAs(fraction, 'alone'))}
              pressed={windows.includes(fraction)}
              onPress={(on) => chooseWindow(fraction, on)}
            >
              <span className={styles.swatch} style={{ background: colours.get(fraction) }} aria-hidden />
              1/{fraction}
            </Chip>
          ))}
          <AnotherWindow
            onAdd={(fraction) => {
              setAdded([...added, fraction]);
              if (!windows.includes(fraction)) chooseWindow(fraction, true);
            }}
          />
        </div>
        <span className={styles.title}>Each window</span>
        <div className={styles.chips}>
          {VARIANTS.map((variant) => (
            <Chip
              key={variant}
              label={`Every window ${SAYS[variant].label}`}
              title={SAYS[variant].title}
              obstacle={obstacleOf(variant)}
              pressed={PRESSED[extentOf(usable, windows, variant)]}
              onPress={(on) => chooseVariant(variant, on)}
            >
              {SAYS[variant].label}
            </Chip>
          ))}
        </div>
        <span className={styles.title}>Other</span>
        <div className={styles.chips}>
          <Chip
            label="cached"
            title="The head’s output of the step before"
            pressed={usable.includes('cached')}
            onPress={(on) => onChange(withMethods(chosen, ['cached'], on))}
          >
            cached
          </Chip>
          <Chip
            label="CFG shared full attention"
            title={`Full attention that ${SHARED_SAYS}`}
            obstacle={unguided}
            pressed={usable.includes('cfg')}
            onPress={(on) => onChange(withMethods(chosen, ['cfg'], on))}
          >
            full, CFG shared
          </Chip>
        </div>
      </div>
      <span className={styles.count}>
        {usable.length} {usable.length === 1 ? 'candidate' : 'candidates'} for every head
      </span>
      {problem && (
        <span className={field.problem} role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}
