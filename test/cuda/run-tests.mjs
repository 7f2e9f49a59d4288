// npm run test:cuda, on a machine with an NVIDIA card: every op of the CUDA device against the CPU device, then, where
// PyTorch is there, the attention and product kernels against float32 references on random shapes.
import { existsSync } from 'node:fs';
import { findHarness, hasPython, runs } from './machine.mjs';

const results = [runs('ops and demo against the CPU device', process.execPath, ['--test', 'test/cuda/*.test.ts'])];
const flux = 'test/golden/flux-tiny';
results.push(
  runs('FLUX against diffusers, in bf16', process.execPath, [
    ...['electron/cli/main.ts', 'verify', `${flux}/transformer`, `${flux}/io.safetensors`, '--device', 'cuda'],
    ...['--tolerance', '0.02'],
  ]),
);
const harness = findHarness();
if (!hasPython('torch, pytest'))
  process.stdout.write('skipped: kernels on random shapes, which need PyTorch and pytest\n');
else if (!existsSync(harness)) process.stdout.write(`skipped: kernels on random shapes; ${harness} is not built\n`);
else {
  const env = { ARROWHEAD_CUDA_HARNESS: harness };
  results.push(runs('kernels on random shapes', 'python3', ['-m', 'pytest', '-q', 'test/cuda'], env));
}
process.exitCode = results.every(Boolean) ? 0 : 1;
