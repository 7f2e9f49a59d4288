import type { JobStatus, WorkbenchEvent } from '../../contract.ts';
import { errorForLog, jobForLog, outcomeForLog } from './describe-for-log.ts';
import type { Log } from './log.ts';

/** Logs how jobs begin and end, and the devices that are chosen. */
export function logEvents(log: Log): (event: WorkbenchEvent) => void {
  const known = new Map<string, JobStatus>();
  let device: string | null = null;
  return ({ event, payload }) => {
    if (event === 'job.changed') {
      const { id, status, request, started, ended, error } = payload.job;
      if (known.get(id) === status) return;
      known.set(id, status);
      const seconds =
        started && ended ? ` after ${((Date.parse(ended) - Date.parse(started)) / 1000).toFixed(1)} s` : '';
      const level = status === 'failed' ? 'error' : 'info';
      const short = id.slice(0, 8);
      log.write(level, 'host', `job ${short} ${status}${seconds} (${jobForLog(request)})${outcomeForLog(error, log)}`);
    }
    if (event === 'job.removed') known.delete(payload.id);
    if (event === 'settings.changed' && payload.settings.device !== device) {
      device = payload.settings.device;
      log.write('info', 'host', `device ${device}`);
    }
  };
}

/** Logs what ends this program by itself, just before it does. Returns what ends that. */
export function logUncaught(log: Log, onUncaught: (error: Error) => void = () => {}): () => void {
  const onError = (error: Error) => {
    log.write('error', 'host', `uncaught ${errorForLog(error, log)}`);
    onUncaught(error);
  };
  process.on('uncaughtExceptionMonitor', onError);
  return () => process.off('uncaughtExceptionMonitor', onError);
}
