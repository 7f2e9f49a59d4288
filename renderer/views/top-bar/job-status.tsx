import { CircleAlert, CircleCheck, CircleSlash, X } from 'lucide-react';
import type { Job } from '../../../electron/contract.ts';
import { Button } from '../../design/button.tsx';
import { formatDuration } from '../../design/format.ts';
import { notifyError } from '../../design/notify.ts';
import { showKeys, useShortcut } from '../../shortcuts/shortcuts.ts';
import { useApp } from '../../state/app-context.tsx';
import { runningJob } from '../../state/jobs-slice.ts';
import styles from './job-status.module.css';

/** The job that computes now with its progress, or how the last one ended. */
export function JobStatus() {
  const [running, last, cancelJob] = useApp(({ jobs, cancelJob: cancel }) => [
    runningJob(jobs),
    jobs.find(({ ended, request }) => ended !== null && request.kind !== 'attention-map') ?? null,
    cancel,
  ]);
  const cancel = async () => {
    if (running === null) return;
    try {
      await cancelJob(running.id);
    } catch (error) {
      notifyError('The job could not be cancelled', error);
    }
  };
  useShortcut({ keys: 'mod+.', does: 'Cancel the running job', where: 'Jobs' }, () => void cancel(), running !== null);

  if (running === null) return <Idle last={last} />;
  const { value, title, detail, etaSeconds } = running.progress;
  const percent = Math.floor(value * 100);
  return (
    <div className={styles.job}>
      <strong className={styles.title} title={running.title}>
        {running.title}
      </strong>
      <progress className={styles.bar} value={value} max={1} aria-label={running.title}>
        {percent} %
      </progress>
      <span className={styles.percent}>{percent} %</span>
      <span className={styles.detail}>{[title, detail].filter((part) => part !== '').join(', ')}</span>
      {etaSeconds !== null && <span className={styles.eta}>{showEta(etaSeconds)}</span>}
      <Button look="quiet" className={styles.cancel ?? ''} icon={<X />} title={showKeys('mod+.')} onClick={cancel}>
        <span>
          Cancel <span className="visually-hidden">the job</span>
        </span>
      </Button>
    </div>
  );
}

/** Whole seconds: tenths would flicker. */
export function showEta(seconds: number): string {
  return `${formatDuration(Math.max(1, Math.round(seconds))).replace('.0', '')} left`;
}

const OUTCOMES = {
  finished: { icon: <CircleCheck aria-hidden />, says: 'is done' },
  failed: { icon: <CircleAlert aria-hidden />, says: 'failed' },
  cancelled: { icon: <CircleSlash aria-hidden />, says: 'was cancelled' },
} as const;

function Idle({ last }: { readonly last: Job | null }) {
  const outcome = last !== null && last.status in OUTCOMES ? OUTCOMES[last.status as keyof typeof OUTCOMES] : null;
  if (last === null || outcome === null) return <span className={styles.idle}>Ready</span>;
  return (
    <span className={`${styles.idle} ${styles[last.status]}`} title={last.error?.message}>
      {outcome.icon}
      <span>
        {last.title} {outcome.says}
      </span>
    </span>
  );
}
