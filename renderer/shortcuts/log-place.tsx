import { Button } from '../design/button.tsx';
import { notifyError } from '../design/notify.ts';
import { useApp, useWorkbench } from '../state/app-context.tsx';
import styles from './log-place.module.css';

/** Where the host keeps its log, for a bug report. */
export function LogPlace() {
  const workbench = useWorkbench();
  const host = useApp((state) => state.host);
  if (host === null || host.log === null) return null;
  const reveal = async () => {
    try {
      await workbench.request('log.reveal', {});
    } catch (error) {
      notifyError('The log could not be shown', error);
    }
  };
  return (
    <p className={styles.place}>
      <span>
        Log of errors and jobs, without prompts: <code>{host.log}</code>
      </span>
      {host.canReveal && <Button onClick={() => void reveal()}>Show log</Button>}
    </p>
  );
}
