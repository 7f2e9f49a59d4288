import type { Job, JobRequest, Workbench } from '../../../electron/contract.ts';

/** Starts a job and waits for its end, whichever. */
export async function runToEnd(workbench: Workbench, job: JobRequest): Promise<Job> {
  const ended = new Map<string, Job>();
  let check = () => {};
  const stop = workbench.subscribe((event) => {
    if (event.event !== 'job.changed' || event.payload.job.ended === null) return;
    ended.set(event.payload.job.id, event.payload.job);
    check();
  });
  try {
    const { id } = await workbench.request('jobs.start', { job });
    await new Promise<void>((resolve) => {
      check = () => {
        if (ended.has(id)) resolve();
      };
      check();
    });
    return ended.get(id)!;
  } finally {
    stop();
  }
}

/** Small enough for tests: 64 image tokens. */
export const SMALL = { steps: 4, guidance: 3.5, width: 128, height: 128 };

export const PROMPT = 'a red sphere on the grass';

export function smallCalibration(changes: object = {}): Extract<JobRequest, { kind: 'calibrate' }> {
  return {
    kind: 'calibrate',
    model: null,
    prompts: [PROMPT],
    seeds: [1],
    sampling: SMALL,
    delta: 0.4,
    headConstraint: 1.5,
    granularity: 'head',
    candidates: ['arrow/4', 'cached'],
    cost: 'flops',
    evaluate: [],
    ...changes,
  };
}
