import { fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker } from './call-messages.ts';
import { OutputLines } from './output-lines.ts';
import type { StartProcess } from './start-worker.ts';

/** A process of Node's own: under `arrowhead serve` and in tests. It ends when this one does. */
export const childProcess: StartProcess =
  (entry, onLine) =>
  (data, { onMessage, onEnd }) => {
    const child = fork(fileURLToPath(entry), [JSON.stringify(data)], {
      // Structured clones: typed arrays stay what they are.
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const output = new OutputLines(onLine);
    output.listen(child.stdout);
    output.listen(child.stderr);
    let failure: unknown = null;
    child.on('message', (message) => onMessage(message as FromWorker));
    child.on('error', (error) => {
      failure = error;
      // One that was never started has no other end.
      if (child.pid === undefined) onEnd({ code: null, signal: null, error, output: [] });
    });
    // Not 'exit': what it wrote last comes between the two.
    child.on('close', (code, signal) => {
      if (child.pid !== undefined) onEnd({ code, signal, error: failure, output: output.last });
    });
    // Streams of a child are sockets, which can be left out of what keeps a program alive.
    const handles = [child, child.channel, child.stdout as Socket | null, child.stderr as Socket | null];
    return {
      pid: child.pid ?? null,
      send: (message: ToWorker) => {
        if (child.connected) child.send(message);
      },
      keepAlive: (yes) => {
        for (const handle of handles) {
          if (yes) handle?.ref();
          else handle?.unref();
        }
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
