// npm run arrowhead: makes a fresh clone ready, then runs the command line in this process. One command for npm, so that
// no shell stands between them: bin.mjs sees when npm is killed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const setup = fileURLToPath(new URL('setup.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [setup, '--quiet'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await import('../electron/cli/bin.mjs');
