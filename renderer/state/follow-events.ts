import type { JobKind, Workbench, WorkbenchEvent } from '../../electron/contract.ts';
import { notifyDone, notifyError, notifyNotice } from '../design/notify.ts';
import type { AppState, AppStore } from './app-state.ts';
import type { View } from './view-slice.ts';

/** Keeps the store in step with the host. Returns what ends that. */
export function followEvents(workbench: Workbench, store: AppStore): () => void {
  return workbench.subscribe((event) => apply(event, store.getState()));
}

function apply(event: WorkbenchEvent, state: AppState): void {
  switch (event.event) {
    case 'job.changed':
      announce(event.payload.job, state);
      state.setJob(event.payload.job);
      break;
    case 'job.progress':
      state.setJobProgress(event.payload.id, event.payload.progress);
      break;
    case 'job.removed':
      state.removeJob(event.payload.id);
      break;
    case 'runs.changed':
      void state.runChanged(event.payload);
      break;
    case 'models.changed':
      state.setModels(event.payload.models);
      break;
    case 'settings.changed':
      state.setSettings(event.payload.settings);
      break;
    default:
      event satisfies never;
  }
}

type Job = AppState['jobs'][number];

/** Where the results of a job are seen best. */
const VIEW_OF: Partial<Record<JobKind, View>> = { generate: 'compare', sweep: 'sweep' };

/** Tells what a job noticed and how it ended, once, and shows what it made. */
function announce(job: Job, state: AppState): void {
  const known = state.jobs.find(({ id }) => id === job.id);
  for (const notice of job.notices.slice(known?.notices.length ?? 0)) notifyNotice(job.title, notice);
  if (job.status === known?.status || job.request.kind === 'attention-map') return;
  if (job.status === 'failed') notifyError(`${job.title} failed`, toError(job));
  if (job.status === 'cancelled') notifyNotice(`${job.title} was cancelled`, job.error?.hint ?? undefined);
  if (job.status !== 'finished') return;
  const view = VIEW_OF[job.request.kind];
  const elsewhere = view !== undefined && state.view !== view;
  notifyDone(`${job.title} is done`, elsewhere ? { label: 'Show', onClick: () => state.showView(view) } : undefined);
  if (job.run !== null) void state.showRun(job.run);
}

function toError(job: Job): Error {
  const { message, hint, name } = job.error ?? { message: 'No reason was given.', hint: null, name: 'Error' };
  return Object.assign(new Error(message), { name, hint });
}
