// npm run torture [-- --seed N] [--only NAME] [--quick]: minutes of damaged files, kills, full disks and hostile clients.
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { fullAndReadOnlyDisks } from './full-and-read-only-disks.ts';
import { hostileClients } from './hostile-clients.ts';
import { killedProcesses } from './killed-processes.ts';
import { mutatedFiles } from './mutated-files.ts';
import { twoServers } from './two-servers.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const campaigns = [
  mutatedFiles(values.quick ? 100 : 2000),
  hostileClients(values.quick ? 50 : 400),
  twoServers,
  fullAndReadOnlyDisks,
  killedProcesses(values.quick ? 1 : 3),
];

let losses = 0;
process.stdout.write(`seed ${seed}\n`);
for (const campaign of campaigns.filter(({ name }) => values.only === undefined || name.includes(values.only))) {
  const start = performance.now();
  const trial = await runCampaign(campaign, seed);
  const counts = [...trial.counts].map(([what, times]) => `${times} ${what}`).join(', ');
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  process.stdout.write(`${campaign.name}: ${counts}; ${trial.losses.length} lost; ${seconds} s\n`);
  for (const reason of trial.skipped) process.stdout.write(`  skipped: ${reason}\n`);
  for (const loss of trial.losses) process.stdout.write(`  LOST: ${loss}\n`);
  losses += trial.losses.length;
}
process.stdout.write(losses === 0 ? 'nothing was lost\n' : `${losses} lost; the same seed repeats it\n`);
process.exit(losses === 0 ? 0 : 1);
