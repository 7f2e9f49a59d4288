import { WorkbenchError } from '../../../electron/contract/workbench-error.ts';
import { startData } from '../../../electron/host/workers/parent-port.ts';
import { serveCalls } from '../../../electron/host/workers/serve-calls.ts';

export type TestCalls = {
  readonly double: { readonly params: Float32Array; readonly result: Float32Array };
  readonly fail: { readonly params: null; readonly result: null };
  readonly wait: { readonly params: null; readonly result: null };
  readonly data: { readonly params: null; readonly result: unknown };
  readonly pid: { readonly params: null; readonly result: number };
  readonly die: { readonly params: 'exit' | 'throw' | NodeJS.Signals; readonly result: null };
  /** Writes to standard error, then dies as native code does. */
  readonly fault: { readonly params: readonly string[]; readonly result: null };
  readonly poison: { readonly params: null; readonly result: null };
  /** Answers nothing any more, cancelled or not: as long native calls do. */
  readonly block: { readonly params: null; readonly result: null };
};

serveCalls<TestCalls>(
  {
    data: () => startData(),
    pid: () => process.pid,
    double: (values, { report }) => {
      report({ kind: 'notice', text: `doubling ${values.length} numbers` });
      return values.map((value) => 2 * value);
    },
    fail: () => {
      throw new WorkbenchError({ name: 'TestError', message: 'as asked', hint: 'ask for something else' });
    },
    wait: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        const stop = () => reject(signal.reason);
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop);
      }),
    die: (how) => {
      if (how === 'exit') process.exit(7);
      if (how !== 'throw') process.kill(process.pid, how);
      setTimeout(() => {
        throw new Error('a fault outside of any call');
      });
      return new Promise(() => {});
    },
    fault: (lines) => {
      process.stderr.write(lines.join('\n'), () => process.kill(process.pid, 'SIGSEGV'));
      return new Promise(() => {});
    },
    poison: () => {
      throw Object.assign(new Error('an illegal memory access was encountered'), { code: 'POISONED' });
    },
    block: (_, { report }) => {
      report({ kind: 'notice', text: 'blocking' });
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
      return new Promise(() => {});
    },
  },
  { leavesUnusable: (error) => (error as { code?: string }).code === 'POISONED' },
);
