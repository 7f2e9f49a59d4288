import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { t5, writeEncoder } from '../../bench/random-text-encoders.ts';
import { temporaryFolder } from '../onnx/rewritten-component.ts';

const BENCHMARK = path.join(import.meta.dirname, '../../bench/text.ts');

test('a large T5 in bf16 needs less than its float32 size while it runs, and gives it back', async () => {
  const folder = await temporaryFolder();
  const shape = t5(2, 0.5);
  const float32Bytes = 2 * (await writeEncoder(folder, shape));
  // Beyond what stays in memory between runs.
  expect(float32Bytes).toBeGreaterThan(512 * 2 ** 20);
  const child = spawn(process.execPath, [BENCHMARK, 'measure', folder, '128'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { before, peak, after } = JSON.parse(await text(child.stdout));
  expect(peak - before).toBeLessThan(float32Bytes);
  expect(after - before).toBeLessThan(0.2 * float32Bytes);
});
