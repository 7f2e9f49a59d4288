import { Keyboard } from 'lucide-react';
import { IconButton } from '../../design/button.tsx';
import { useApp } from '../../state/app-context.tsx';
import { ConnectionStatus } from './connection-status.tsx';
import { DeviceStatus } from './device-status.tsx';
import { JobQueue } from './job-queue.tsx';
import { JobStatus } from './job-status.tsx';
import { ModelProblem } from './model-problem.tsx';
import styles from './status-strip.module.css';
import { ThemeMenu } from './theme-menu.tsx';

/** What the host does now, and on what. Always there, so that nothing jumps when a job begins. */
export function StatusStrip() {
  const showDialog = useApp((state) => state.showDialog);
  return (
    <div className={styles.strip}>
      <JobStatus />
      <JobQueue />
      <span className={styles.gap} />
      <ConnectionStatus />
      <ModelProblem />
      <DeviceStatus />
      <ThemeMenu />
      <IconButton label="Keyboard shortcuts" keys="?" icon={<Keyboard />} onClick={() => showDialog('shortcuts')} />
    </div>
  );
}
