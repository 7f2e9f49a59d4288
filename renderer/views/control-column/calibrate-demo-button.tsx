import { Sparkles } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../../design/button.tsx';
import { notifyError } from '../../design/notify.ts';
import { useApp, useAppStore, useWorkbench } from '../../state/app-context.tsx';
import { calibrateDemoRequest } from './calibrate-demo.ts';

/** One click from nothing to sliders that answer. For empty states of any view. */
export function CalibrateDemoButton() {
  const store = useAppStore();
  const workbench = useWorkbench();
  const [starting, setStarting] = useState(false);
  const [ready, busy] = useApp((state) => [
    state.settings !== null,
    state.jobs.some(
      ({ status, request }) => isUnderWay(status) && request.kind === 'calibrate' && request.model === null,
    ),
  ]);

  const start = async () => {
    setStarting(true);
    try {
      const { settings, startJob } = store.getState();
      const demo = await workbench.request('models.info', { model: null });
      const job = settings === null ? null : calibrateDemoRequest(demo, settings);
      if (job === null)
        throw new Error('The demo brings no prompts, or no candidate is chosen. Use Calibrate instead.');
      await startJob(job);
    } catch (error) {
      notifyError('The demo could not be calibrated', error);
    } finally {
      setStarting(false);
    }
  };
  return (
    <Button look="primary" icon={<Sparkles />} disabled={!ready || starting || busy} onClick={start}>
      {busy ? 'Calibrating the demo…' : 'Calibrate the demo'}
    </Button>
  );
}

function isUnderWay(status: string): boolean {
  return status === 'queued' || status === 'running';
}
