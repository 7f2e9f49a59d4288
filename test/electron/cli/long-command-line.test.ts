import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadOnnxRuntime } from '../../../mmdit/onnx/onnx-runtime.ts';
import { runProcess } from './run-arrowhead.ts';

it('a command line of 33 kB, as of hundreds of prompts, is computed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-long-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { code, stderr } = await runProcess(
    ...['generate', '--prompt', 'a red cube', '--negative-prompt', 'fog, text, '.repeat(3000)],
    ...['--size', '128x128', '--steps', '1', '--out', path.join(folder, 'cube.png')],
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
});

it('ONNX Runtime tells nobody what it runs', async () => {
  delete process.env.ORT_DISABLE_TELEMETRY;
  await loadOnnxRuntime();
  expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1');
});
