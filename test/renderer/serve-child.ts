import { createWorkbench } from '../../electron/host/workbench-host.ts';
import { serveWorkbench } from '../../electron/server/serve-workbench.ts';

// A host and its server in one process, to be killed: serve-child.ts LIBRARY PAGES. Prints the window's address.
const [library = '', pages = ''] = process.argv.slice(2);
const workbench = await createWorkbench({ library });
await workbench.request('settings.set', { sampling: { steps: 20, guidance: 3.5, width: 256, height: 256 } });
const { url } = await serveWorkbench(workbench, { host: '127.0.0.1', port: 0, pages });
process.stdout.write(`${url}\n`);
