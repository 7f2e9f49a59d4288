import type { Job, JobRequest, Progress } from '../../electron/contract.ts';
import { notifyNotice } from '../design/notify.ts';
import type { Slice } from './app-state.ts';

export interface JobsSlice {
  /** As the host lists them: the running one, those queued, then the latest that ended. */
  readonly jobs: readonly Job[];
  setJob(job: Job): void;
  setJobProgress(id: string, progress: Progress): void;
  removeJob(id: string): void;
  loadJobs(): Promise<void>;
  /** Resolves with the job's id once it is queued; rejects where the host refuses it. */
  startJob(job: JobRequest): Promise<string>;
  cancelJob(id: string): Promise<void>;
}

export const jobsSlice: Slice<JobsSlice> = (workbench) => (set) => ({
  jobs: [],
  setJob: (job) => set((state) => ({ jobs: sortJobs([...state.jobs.filter(({ id }) => id !== job.id), job]) })),
  setJobProgress: (id, progress) =>
    set((state) => ({ jobs: state.jobs.map((job) => (job.id === id ? { ...job, progress } : job)) })),
  removeJob: (removed) => set((state) => ({ jobs: state.jobs.filter(({ id }) => id !== removed) })),
  async loadJobs() {
    const { jobs } = await workbench.request('jobs.list', {});
    set({ jobs: sortJobs(jobs) });
  },
  async startJob(job) {
    const { id, duplicate } = await workbench.request('jobs.start', { job });
    if (duplicate) notifyNotice('This job is queued or running already', 'It was not queued twice.');
    return id;
  },
  async cancelJob(id) {
    await workbench.request('jobs.cancel', { id });
  },
});

function sortJobs(jobs: readonly Job[]): Job[] {
  const rank = ({ status }: Job) => (status === 'running' ? 0 : status === 'queued' ? 1 : 2);
  const byTime = (a: Job, b: Job) => (b.ended ?? b.created).localeCompare(a.ended ?? a.created);
  return jobs.toSorted((a, b) => rank(a) - rank(b) || a.position - b.position || byTime(a, b));
}

/** The job that computes now. */
export function runningJob(jobs: readonly Job[]): Job | null {
  return jobs.find(({ status }) => status === 'running') ?? null;
}
