// npm run bench:cuda, on a machine with an NVIDIA card: attention beside cuDNN, FlashAttention-2 and FlexAttention, then
// whole FLUX.1-dev steps beside PyTorch's compiled ones. Peers are skipped where PyTorch is missing. --json FILE keeps all.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findHarness, hasPython, runs } from './machine.mjs';

const { values: options } = parseArgs({ options: { json: { type: 'string' } } });
const folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-bench-'));
const parts = { attention: 'attention.json', steps: 'steps.json', guided: 'guided.json', peer: 'peer.json' };
const file = (part) => path.join(folder, parts[part]);
const results = [];
const harness = findHarness();
const peers = hasPython('torch') && existsSync(harness);
if (peers) {
  const env = { ARROWHEAD_CUDA_HARNESS: harness, ARROWHEAD_BENCH_JSON: file('attention') };
  results.push(runs('attention', 'python3', ['test/cuda/bench_attention.py'], env));
} else process.stdout.write(`skipped: attention beside its peers, which needs PyTorch and ${harness}\n`);
results.push(runs('FLUX.1-dev steps', process.execPath, ['test/bench/cuda-steps.ts', '--json', file('steps')]));
results.push(runs('guided steps', process.execPath, ['test/bench/cuda-guided.ts', '--json', file('guided')]));
if (peers)
  results.push(runs('the peer', 'python3', ['test/cuda/peer_flux.py'], { ARROWHEAD_BENCH_JSON: file('peer') }));
if (options.json) {
  const found = Object.keys(parts).filter((part) => existsSync(file(part)));
  const all = Object.fromEntries(found.map((part) => [part, JSON.parse(readFileSync(file(part), 'utf8'))]));
  writeFileSync(options.json, `${JSON.stringify(all, null, 1)}\n`);
}
process.exitCode = results.every(Boolean) ? 0 : 1;
