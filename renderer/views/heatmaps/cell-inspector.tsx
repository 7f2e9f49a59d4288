import { PinOff } from 'lucide-react';
import { useState } from 'react';
import type { Calibration, Solved } from '../../../electron/contract.ts';
import { hasVariants, methodLabel } from '../../../electron/contract/methods.ts';
import { Button } from '../../design/button.tsx';
import chip from '../../design/chip.module.css';
import { Select } from '../../design/select.tsx';
import { MethodGroups } from '../../plots/method-groups.tsx';
import { MethodSwatch } from '../../plots/method-swatch.tsx';
import { useLooks } from '../../plots/use-looks.ts';
import { useApp } from '../../state/app-context.tsx';
import type { Tuning } from '../../state/tuning.ts';
import styles from './cell-inspector.module.css';
import { CellTable } from './cell-table.tsx';
import { cellNumbers, type Place } from './map-matrix.ts';
import { PinCost } from './pin-cost.tsx';
import { PIN_SCOPES, type PinScope, pinOf, SCOPE_LABELS } from './pinning.ts';
import { placeLabel } from './place-label.ts';
import { usePinning } from './use-pinning.ts';

interface CellInspectorProps {
  readonly calibration: Calibration;
  readonly solved: Solved;
  readonly tuning: Tuning;
}

/** The selected head: its numbers, and its method by hand. */
export function CellInspector({ calibration, solved, tuning }: CellInspectorProps) {
  const selection = useApp((state) => state.selection);
  const place: Place = selection;
  const [scope, setScope] = useState<PinScope>('head');
  const { pin, unpin } = usePinning();
  const pinned = pinOf(tuning.pins, place);
  const lookOf = useLooks(calibration.methods);
  return (
    <section className={styles.inspector} aria-label="Selected head">
      <header>
        <h3>{placeLabel(calibration, place)}</h3>
        <p className={styles.layer}>{calibration.layers[place.layer]}</p>
      </header>
      <CellTable numbers={cellNumbers(calibration, solved, place)} delta={tuning.delta} />
      <div className={styles.pinning}>
        <h3>Choose by hand</h3>
        <Select
          label="What to pin"
          value={scope}
          options={PIN_SCOPES.map((value) => ({ value, label: SCOPE_LABELS[value] }))}
          onChange={setScope}
        />
        <fieldset className={styles.methods}>
          <legend className="visually-hidden">Method to pin</legend>
          <MethodGroups methods={calibration.methods} stacked={hasVariants(calibration.methods)}>
            {({ name, label, whole }) => (
              <button
                key={name}
                type="button"
                className={chip.chip}
                aria-pressed={pinned?.method === name}
                aria-label={whole}
                title={`${whole}${keyOf(calibration.methods, name)}`}
                onClick={() => pin(place, scope, name)}
              >
                <MethodSwatch look={lookOf(name)} />
                {label}
              </button>
            )}
          </MethodGroups>
        </fieldset>
        {pinned && (
          <Button look="quiet" icon={<PinOff />} onClick={() => unpin(place)}>
            Unpin {methodLabel(pinned.method)}
          </Button>
        )}
        <PinCost solved={solved} tuning={tuning} />
      </div>
    </section>
  );
}

/** The first nine have keys on the map. */
function keyOf(methods: readonly string[], name: string): string {
  const position = methods.indexOf(name) + 1;
  return position <= 9 ? ` (key ${position})` : '';
}
