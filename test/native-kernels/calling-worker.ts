// A worker thread in the midst of kernel calls; terminated by worker-threads.test.ts.
import { parentPort } from 'node:worker_threads';
import { FULL_HEAD, headwiseAttention } from '../../native-kernels/index.ts';

const [tokens, heads, dim] = [3000, 4, 64];
const tensor = new Float32Array(tokens * heads * dim).fill(0.01);
const calls = [0, 1, 2].map(() =>
  headwiseAttention({
    ...{ batch: 1, heads, dim, block: [32, 32], layout: { text: 0, image: tokens, order: 'text-first' } },
    ...{ q: tensor, k: tensor, v: tensor, out: new Float32Array(tensor.length) },
    halfWindows: new Int32Array(heads).fill(FULL_HEAD),
  }),
);
parentPort?.postMessage('started');
await Promise.all(calls);
