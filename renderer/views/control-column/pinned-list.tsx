import { X } from 'lucide-react';
import type { Pin } from '../../../electron/contract.ts';
import { methodLabel } from '../../../electron/contract/methods.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { Section } from '../../design/panel.tsx';
import { useApp } from '../../state/app-context.tsx';
import styles from './pinned-list.module.css';

/** More are pinned in bulk, and better seen in the heatmaps. */
const SHOWN = 8;

/** Methods chosen by hand; the heatmaps set them. */
export function PinnedList() {
  const [pins, ignored, tune] = useApp((state) => [state.tuning?.pins ?? null, state.solved?.ignoredPins, state.tune]);
  if (pins === null || pins.length === 0) return null;
  const clear = (
    <Button look="quiet" onClick={() => tune({ pins: [] })}>
      Clear
    </Button>
  );
  return (
    <Section title={`Pinned by hand (${pins.length})`} actions={clear}>
      <ul className={styles.pins}>
        {pins.slice(-SHOWN).map((pin) => {
          const position = pins.indexOf(pin);
          const idle = ignored?.includes(position) === true;
          return (
            <li key={placeOf(pin)}>
              <span className={idle ? styles.idle : ''} title={idle ? 'Decides no head: covered or not possible' : ''}>
                {placeOf(pin)} → {methodLabel(pin.method)}
                {idle && ' (no effect)'}
              </span>
              <IconButton
                label={`Unpin ${placeOf(pin)}`}
                icon={<X />}
                onClick={() => tune({ pins: pins.filter((other) => other !== pin) })}
              />
            </li>
          );
        })}
      </ul>
      {pins.length > SHOWN && <p className={styles.more}>and {pins.length - SHOWN} older</p>}
    </Section>
  );
}

/** "step 3 · layer 7 · all heads". */
export function placeOf({ step, layer, head }: Pin): string {
  return [
    step === null ? 'all steps' : `step ${step}`,
    layer === null ? 'all layers' : `layer ${layer}`,
    head === null ? 'all heads' : `head ${head}`,
  ].join(' · ');
}
