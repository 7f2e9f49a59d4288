import path from 'node:path';
import { runToEnd, smallCalibration } from '../electron/host/jobs-of-host.ts';
import type { Campaign } from './campaign.ts';
import { runArrowhead, startServed } from './served.ts';
import { SMALL } from './small-job.ts';

/** Two programs on one library: the second is told so, and neither loses anything. */
export const twoServers: Campaign = {
  name: 'two servers',
  async run(trial) {
    const library = path.join(trial.folder, 'library');
    const first = await startServed(library);
    for (let n = 0; n < 3; n++) {
      const refusal = await startServed(library).then(
        async (second) => {
          await second.end('SIGKILL');
          return null;
        },
        (error: Error) => error.message,
      );
      trial.check(refusal?.includes(library) === true, `a second server: ${refusal ?? 'was started'}`);
    }
    const job = runToEnd(first.workbench, smallCalibration({ sampling: { ...SMALL, steps: 400 } }));
    const [id, run] = await new Promise<[string, string]>((resolve) => {
      const stop = first.workbench.subscribe((event) => {
        if (event.event !== 'job.changed' || event.payload.job.run === null) return;
        stop();
        resolve([event.payload.job.id, event.payload.job.run]);
      });
    });
    const joined = await runArrowhead(['calibrate', '--out', path.join(library, run), '--resume']);
    await first.workbench.request('jobs.cancel', { id });
    const { status } = await job;
    trial.check(status === 'cancelled', `the job is ${status}`);
    trial.check(joined.code !== 0, `the command line joined it: ${joined.stderr.slice(-300)}`);

    // A name and tags set by several at once, beside a job: the last of each stays.
    const { runs } = await first.workbench.request('runs.list', {});
    const other = runs[0]!.id;
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2
          ? first.workbench.request('runs.rename', { run: other, name: `n${n}` })
          : first.workbench.request('runs.setTags', { run: other, tags: [`t${n}`] }),
      ),
    );
    const renamed = (await first.workbench.request('runs.list', {})).runs.find(({ id: each }) => each === other);
    trial.check(
      /^n\d+$/.test(renamed?.name ?? '') && renamed?.tags.length === 1,
      `changes are lost: ${renamed?.name}, ${renamed?.tags}`,
    );
    await first.end('SIGKILL');
    // A dead server's lock keeps nobody out.
    const next = await startServed(library);
    trial.check((await next.workbench.request('runs.list', {})).runs.length === runs.length, 'runs are lost');
    trial.check((await next.end('SIGTERM')) === 0, 'the server did not end in order');
  },
};
