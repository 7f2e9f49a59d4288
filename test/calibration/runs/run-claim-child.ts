import { openRun } from '../../../calibration/runs/run.ts';
import { claimRun } from '../../../calibration/runs/run-claim.ts';

// The other program of run-claim.test.ts: `claim FOLDER` holds a run until it is killed, `change FOLDER N` changes it.
const [what, folder = '', count = '0'] = process.argv.slice(2);
if (what === 'claim') {
  await claimRun(folder, 'the child');
  process.send?.('claimed');
  setInterval(() => {}, 1000);
} else {
  const run = await openRun(folder);
  process.send?.('ready');
  for (let n = 1; n <= Number(count); n++) await run.update({ seconds: { calibrate: n } });
  process.disconnect();
}
