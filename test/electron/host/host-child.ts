import type { JobRequest } from '../../../electron/contract.ts';
import { createWorkbench } from '../../../electron/host/workbench-host.ts';

// A host that runs one job and prints its progress, to be killed: host-child.ts LIBRARY JOB
const [library = '', job = '{}'] = process.argv.slice(2);
const host = await createWorkbench({ library });
host.subscribe((event) => {
  if (event.event === 'job.progress') process.stdout.write(`${event.payload.progress.value}\n`);
  if (event.event === 'job.changed' && event.payload.job.ended !== null) process.exit(3);
});
await host.request('jobs.start', { job: JSON.parse(job) as JobRequest });
