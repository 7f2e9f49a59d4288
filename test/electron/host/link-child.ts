import { childProcess } from '../../../electron/host/workers/child-process.ts';
import { WorkerLink } from '../../../electron/host/workers/worker-link.ts';
import type { TestCalls } from './test-worker.ts';

// A host with a worker process that prints the worker's id, to be killed: link-child.ts wait|block|idle
const link = new WorkerLink<TestCalls>(
  childProcess(new URL('./test-worker.ts', import.meta.url), () => {}),
  'test worker',
);
const pid = await link.call('pid', null);
const [what] = process.argv.slice(2);
const tell = () => process.stdout.write(`${pid}\n`);
if (what === 'wait') void link.call('wait', null);
if (what === 'block') void link.call('block', null, { onReport: tell });
else tell();
