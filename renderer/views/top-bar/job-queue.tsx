import { ListOrdered, X } from 'lucide-react';
import { useState } from 'react';
import type { Job } from '../../../electron/contract.ts';
import { Badge } from '../../design/badge.tsx';
import { Button, IconButton } from '../../design/button.tsx';
import { formatDuration } from '../../design/format.ts';
import { notifyError } from '../../design/notify.ts';
import { Popover } from '../../design/popover.tsx';
import { useApp } from '../../state/app-context.tsx';
import styles from './job-queue.module.css';

/** What waits, and what ended lately. */
export function JobQueue() {
  const [open, setOpen] = useState(false);
  const jobs = useApp((state) => state.jobs);
  const waiting = jobs.filter(({ status }) => status === 'queued');
  const shown = jobs.filter(
    ({ status, request }) => status === 'queued' || (status !== 'running' && request.kind !== 'attention-map'),
  );
  if (shown.length === 0) return null;
  const trigger = (
    <Button look="quiet" icon={<ListOrdered />} className={styles.trigger ?? ''}>
      {waiting.length > 0 ? `${waiting.length} waiting` : 'Jobs'}
    </Button>
  );
  return (
    <Popover open={open} onOpenChange={setOpen} label="Jobs" trigger={trigger}>
      <ul className={styles.jobs}>
        {shown.map((job) => (
          <JobRow key={job.id} job={job} onOpened={() => setOpen(false)} />
        ))}
      </ul>
    </Popover>
  );
}

const TONES = {
  queued: 'neutral',
  running: 'accent',
  finished: 'success',
  failed: 'danger',
  cancelled: 'warning',
} as const;

function JobRow({ job, onOpened }: { readonly job: Job; readonly onOpened: () => void }) {
  const [cancelJob, showRun] = useApp((state) => [state.cancelJob, state.showRun]);
  const queued = job.status === 'queued';
  const { run } = job;
  const remove = async () => {
    try {
      await cancelJob(job.id);
    } catch (error) {
      notifyError('The job could not be taken away', error);
    }
  };
  const openRun = () => {
    if (run === null) return;
    void showRun(run);
    onOpened();
  };
  return (
    <li className={styles.job}>
      <Badge tone={TONES[job.status]}>{queued ? `waiting, ${job.position + 1}.` : job.status}</Badge>
      <span className={styles.text}>
        <span className={styles.title}>{job.title}</span>
        {job.error && <small className={styles.error}>{job.error.message}</small>}
        {job.started && job.ended && <small>took {formatDuration(secondsBetween(job.started, job.ended))}</small>}
      </span>
      {run !== null && job.status !== 'running' && (
        <Button look="quiet" onClick={openRun}>
          Open
        </Button>
      )}
      <IconButton label={queued ? `Cancel ${job.title}` : `Forget ${job.title}`} icon={<X />} onClick={remove} />
    </li>
  );
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}
