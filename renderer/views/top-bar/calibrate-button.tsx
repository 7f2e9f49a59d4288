import { Gauge } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../design/button.tsx';
import { showKeys, useShortcut } from '../../shortcuts/shortcuts.ts';
import { useApp } from '../../state/app-context.tsx';
import { CalibrateDialog } from './calibrate-dialog.tsx';

/** Opens what a calibration needs to know. */
export function CalibrateButton() {
  const [open, setOpen] = useState(false);
  const [ready, first] = useApp((state) => [
    state.model !== null && state.settings !== null && state.connection === 'open',
    // The demo has a button of its own for the first calibration.
    state.calibration === null && state.settings !== null && state.settings.model !== null,
  ]);
  useShortcut({ keys: 'mod+shift+enter', does: 'Calibrate…', where: 'Jobs' }, () => setOpen(true), ready);
  return (
    <>
      <Button
        look={first ? 'primary' : 'plain'}
        icon={<Gauge />}
        disabled={!ready}
        title={`Measure every head and search a scheme (${showKeys('mod+shift+enter')})`}
        onClick={() => setOpen(true)}
      >
        Calibrate…
      </Button>
      {open && <CalibrateDialog onClose={() => setOpen(false)} />}
    </>
  );
}
