import { fork } from 'node:child_process';
import path from 'node:path';
import type { Campaign } from './campaign.ts';
import type { MutationReport } from './mutation-child.ts';

const CHILD = path.join(import.meta.dirname, 'mutation-child.ts');
const MiB = 2 ** 20;
const MOST_MEMORY = 1536 * MiB;
const SLOW_MS = 10_000;
/** Without a report for so long, the reader hangs. */
const HANG_MS = 300_000;

/** Every format, damaged again and again and read in a process of its own. */
export const mutatedFiles = (times: number): Campaign => ({
  name: 'mutated files',
  run: (trial) =>
    new Promise((resolve) => {
      const child = fork(CHILD, [path.join(trial.folder, 'files'), String(trial.seed), String(times)]);
      let last = 'nothing';
      const hang = () => {
        trial.losses.push(`reading hangs after ${last}`);
        child.kill('SIGKILL');
      };
      let timer = setTimeout(hang, HANG_MS);
      child.on('message', (report: MutationReport | { readonly memory: number }) => {
        clearTimeout(timer);
        timer = setTimeout(hang, HANG_MS);
        if ('memory' in report) {
          trial.check(report.memory < MOST_MEMORY, `reading took ${Math.round(report.memory / MiB)} MiB`);
          return;
        }
        last = report.format;
        trial.count('mutations', report.read + report.refused);
        trial.count('refused', report.refused);
        for (const error of report.strange) trial.losses.push(`${report.format}: ${error}`);
        trial.check(report.slowestMs < SLOW_MS, `${report.format}: ${Math.round(report.slowestMs)} ms for one file`);
      });
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        trial.check(code === 0, `the reader ended with ${signal ?? code} after ${last}`);
        resolve();
      });
    }),
});
