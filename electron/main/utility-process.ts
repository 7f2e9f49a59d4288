import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { utilityProcess } from 'electron';
import type { FromWorker } from '../host/workers/call-messages.ts';
import { OutputLines } from '../host/workers/output-lines.ts';
import type { StartProcess, WorkerEnd } from '../host/workers/start-worker.ts';

/** What native code wrote last comes behind the process's end; it is not waited for longer than this, ms. */
const OUTPUT_GRACE_MS = 500;

/**
 * A process of Electron's own Node: it reads the app's archive, and ends when the app does. `child_process.fork` would
 * need the fuse that makes the app's program run any script.
 */
export const startUtilityProcess: StartProcess =
  (entry, onLine) =>
  (data, { onMessage, onEnd }) => {
    const child = utilityProcess.fork(fileURLToPath(entry), [JSON.stringify(data)], {
      stdio: 'pipe',
      serviceName: 'Arrowhead compute engine',
    });
    const streams = [child.stdout, child.stderr] as (Readable | null)[];
    const output = new OutputLines(onLine);
    for (const stream of streams) output.listen(stream);
    let fatal: string | null = null;
    child.on('message', (message: FromWorker) => onMessage(message));
    child.on('error', (_type, location) => {
      fatal = location;
    });
    child.once('exit', async (status) => {
      await lastOutput(streams, output);
      const error = fatal === null ? null : new Error(`a fatal error of V8 at ${fatal}`);
      onEnd({ ...endOf(status), error, output: output.last });
    });
    return {
      get pid() {
        return child.pid ?? null;
      },
      send: (message) => child.postMessage(message),
      // The app lives as long as it has windows.
      keepAlive: () => {},
      kill: () => {
        // Its own `kill` is SIGTERM, which a process that computes does not hear.
        if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
        else child.kill();
      },
    };
  };

/** Electron takes its listeners off the streams with the end of the process, where bytes may still be under way. */
async function lastOutput(streams: readonly (Readable | null)[], output: OutputLines): Promise<void> {
  await null;
  const ends = streams.map((stream) => {
    if (stream === null || stream.readableEnded) return null;
    output.listen(stream);
    return new Promise((resolve) => stream.once('end', resolve));
  });
  await Promise.race([Promise.all(ends), new Promise((resolve) => setTimeout(resolve, OUTPUT_GRACE_MS))]);
}

const SIGNALS = new Map(
  // Of two names of one signal the first is the usual one.
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);
const CORE_DUMPED = 0x80;

/** Electron gives waitpid's status where the system has one: the signal is in its lower bits. */
export function endOf(status: number, platform = process.platform): Pick<WorkerEnd, 'code' | 'signal'> {
  if (platform === 'win32') return { code: status, signal: null };
  const signal = SIGNALS.get(status & ~CORE_DUMPED) ?? null;
  if (status > 1 && signal !== null) return { code: null, signal };
  return { code: status > 0xff ? status >> 8 : status, signal: null };
}
