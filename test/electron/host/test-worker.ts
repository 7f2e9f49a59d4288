import { workerData } from 'node:worker_threads';
import { WorkbenchError } from '../../../electron/contract/workbench-error.ts';
import { serveCalls } from '../../../electron/host/workers/serve-calls.ts';

export type TestCalls = {
  readonly double: { readonly params: Float32Array; readonly result: Float32Array };
  readonly fail: { readonly params: null; readonly result: null };
  readonly wait: { readonly params: null; readonly result: null };
  readonly data: { readonly params: null; readonly result: unknown };
  readonly die: { readonly params: 'exit' | 'throw'; readonly result: null };
};

serveCalls<TestCalls>({
  data: () => workerData,
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
    setTimeout(() => {
      throw new Error('a fault outside of any call');
    });
    return new Promise(() => {});
  },
});
