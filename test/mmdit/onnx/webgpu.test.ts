import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';

/** Chromium brings a Vulkan that computes on the processor: an adapter for machines without a card. */
const FOLDER = ['/usr/lib/chromium', '/opt/google/chrome'].find((folder) =>
  ['libvulkan.so.1', 'vk_swiftshader_icd.json'].every((file) => existsSync(path.join(folder, file))),
);

describe.runIf(FOLDER !== undefined && process.arch === 'x64')('WebGPU on a software adapter', () => {
  test('computes our operators, and where it gets one wrong the processor takes over', async () => {
    const env = {
      ...process.env,
      LD_LIBRARY_PATH: FOLDER,
      VK_ICD_FILENAMES: path.join(FOLDER!, 'vk_swiftshader_icd.json'),
    };
    const script = path.join(import.meta.dirname, 'webgpu-child.ts');
    const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const { operators, problem, where, notices, encoded } = JSON.parse(await text(child.stdout));
    expect(operators).toBeLessThan(1e-4);
    // ONNX Runtime 1.30 computes attention wrong on SwiftShader, which the probe finds out.
    if (problem === null) expect(where).toMatch(/^WebGPU/);
    else {
      expect(problem).toMatch(/^its results differ from the processor's by 0\.\d+$/);
      expect(notices).toEqual([`text encoders and VAE run on the processor, not on WebGPU: ${problem}`]);
      expect(where).toMatch(/^CPU/);
    }
    expect(encoded).toBeLessThan(0.01);
  });
});
