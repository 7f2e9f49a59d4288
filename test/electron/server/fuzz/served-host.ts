// The real host behind the real server, in a process of its own. Argument: the library. Speaks over Node's IPC.
import { createWorkbench } from '../../../../electron/host/workbench-host.ts';
import { serveWorkbench } from '../../../../electron/server/serve-workbench.ts';

const workbench = await createWorkbench({ library: process.argv[2]! });
const server = await serveWorkbench(workbench, {
  host: '127.0.0.1',
  port: 0,
  pages: '/nowhere',
  // All else as it ships: a fuzz within the real rate would take minutes.
  limits: { messagesPerSecond: 1e9, messagesAtOnce: 1e9 },
});
process.on('message', async (word) => {
  if (word === 'memory') {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send?.({ resident: rss, live: heapUsed + external });
  }
  if (word === 'end') {
    await workbench.close();
    await server.close();
    process.exit(0);
  }
});
process.on('disconnect', () => process.exit(1));
process.send?.({ url: server.url });
