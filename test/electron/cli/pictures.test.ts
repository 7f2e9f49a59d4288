import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPng } from '../../../electron/engine/png.ts';
import {
  runArrowhead,
  runArrowheadUnprivileged,
  runArrowheadWithLittleSpace,
  startLauncher,
  runProcess,
  startArrowhead,
} from './run-arrowhead.ts';

const GOLDEN = fileURLToPath(new URL('../../golden', import.meta.url));
const MODEL = path.join(GOLDEN, 'pipeline/flux-pipeline-tiny');
const PICTURE = ['--model', MODEL, '--prompt', 'a large red sphere', '--size', '96x64', '--steps', '2'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (...parts: readonly string[]): string => path.join(folder, ...parts);

describe('arrowhead generate', () => {
  it('says that a negative prompt has no effect on a model without classifier-free guidance', async () => {
    const out = ['--out', at('negative.png')];
    const { code, stderr } = await runArrowhead('generate', ...PICTURE, '--negative-prompt', 'a cube', ...out);
    expect(code).toBe(0);
    expect(stderr).toContain('the negative prompt has no effect');
  });

  it('writes a picture and prints exactly one JSON object', async () => {
    const { code, stdout, stderr } = await runProcess(
      'generate',
      ...PICTURE,
      '--seed',
      '5',
      '--out',
      at('a.png'),
      '--json',
    );
    expect(stderr).toContain('Denoising');
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      file: at('a.png'),
      seed: 5,
      steps: 2,
      width: 96,
      height: 64,
      scheme: null,
    });
    expect(await readPng(at('a.png'))).toMatchObject({ width: 96, height: 64 });
  });

  it('makes the same picture from the same seed and another from another', async () => {
    for (const [name, seed] of Object.entries({ b: '5', c: '6' })) {
      expect(
        (await runArrowhead('generate', ...PICTURE, '--seed', seed, '--out', at(`${name}.png`), '-q')).stderr,
      ).toBe('');
    }
    const compare = async (b: string) =>
      JSON.parse((await runArrowhead('compare', at('a.png'), at(b), '--json')).stdout);
    expect(await compare('b.png')).toMatchObject({ identical: true, ssim: 1, psnr: null, lpips: null });
    const other = await compare('c.png');
    expect(other.identical).toBe(false);
    expect(other.psnr).toBeGreaterThan(0);
  });

  it('does not wait for a pipe that stands where a file should', async () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const generate = ['generate', '--scheme', pipe, '--prompt', 'a', '--out', path.join(folder, 'none.png')];
    const calibrate = ['calibrate', '--prompts-file', pipe, '--out', path.join(folder, 'none')];
    for (const args of [generate, calibrate, ['compare', pipe, pipe]]) {
      const { code, stderr } = await runArrowhead(...args);
      expect(code).toBe(1);
      expect(stderr).toContain(`${pipe}: is no file`);
    }
  });

  it('does not overwrite a picture unless told to', async () => {
    const { code, stderr } = await runArrowhead('generate', ...PICTURE, '--out', at('a.png'));
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: ${at('a.png')} is there already. Choose another name, or give --force to overwrite it\n`,
    );
    expect((await runArrowhead('generate', ...PICTURE, '--out', at('a.png'), '--force')).code).toBe(0);
  });

  it('names the sizes that the model can make', async () => {
    const { code, stderr } = await runArrowhead('generate', ...PICTURE, '--size', '90x64', '--out', at('d.png'), '-q');
    expect(code).toBe(2);
    expect(stderr).toContain('80x64, 96x64');
  });

  it('says what a checkpoint is when the folder is none', async () => {
    const { code, stderr } = await runArrowhead(
      'generate',
      '--model',
      folder,
      '--prompt',
      'a',
      '--out',
      at('d.png'),
      '-q',
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`${folder}: holds no model_index.json`);
  });

  it('names the damaged file of a truncated checkpoint', async () => {
    await cp(MODEL, at('cut'), { recursive: true });
    const weights = at('cut/transformer/diffusion_pytorch_model.safetensors');
    await chmod(weights, 0o644);
    await truncate(weights, (await stat(weights)).size - 1000);
    const { code, stderr } = await runArrowhead(
      'generate',
      ...PICTURE,
      '--model',
      at('cut'),
      '--out',
      at('d.png'),
      '-q',
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .*diffusion_pytorch_model\.safetensors: .*truncated/);
    expect(stderr).not.toContain('    at ');
  });

  it.each([
    ['a missing folder', 'none/x.png', /its folder does not exist/],
    ['a file for a folder', 'a.png/x.png', /not a folder/],
  ])('explains %s', async (_, name, message) => {
    const { code, stderr } = await runArrowhead('generate', ...PICTURE, '--out', at(name), '-q');
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it('leaves nothing behind in a folder that it may not write', async () => {
    await mkdir(at('locked'), { mode: 0o555 });
    const { code, stderr } = await runArrowheadUnprivileged('generate', ...PICTURE, '--out', at('locked/x.png'), '-q');
    expect(stderr).toMatch(/locked\/x\.png: permission denied \(EACCES\)/);
    expect(code).toBe(1);
    expect(await readdir(at('locked'))).toEqual([]);
  });

  it('leaves nothing half-written when the space runs out', async () => {
    await mkdir(at('small'));
    const { code, stderr } = await runArrowheadWithLittleSpace(
      1,
      'generate',
      ...PICTURE,
      '--out',
      at('small/x.png'),
      '-q',
    );
    expect(stderr).toMatch(/Cannot write .*x\.png: /);
    expect(code).toBe(1);
    expect(await readdir(at('small'))).toEqual([]);
  });

  it('refuses what is no scheme', async () => {
    await writeFile(at('odd.scheme.json'), '{"format": "other"}');
    const { code, stderr } = await runArrowhead(
      ...['generate', ...PICTURE, '--scheme', at('odd.scheme.json'), '--out', at('d.png'), '-q'],
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/odd\.scheme\.json: field "format"/);
  });

  it('is cancelled by the first Ctrl-C, with exit code 130 and no picture', async () => {
    const { child, result, said } = startArrowhead(['generate', ...PICTURE, '--steps', '500', '--out', at('e.png')]);
    await said('Denoising');
    child.kill('SIGINT');
    const { code, stderr, stdout } = await result;
    expect(stderr).toContain('Cancelled; nothing was written.');
    expect(stdout).toBe('');
    expect(code).toBe(130);
    await expect(stat(at('e.png'))).rejects.toThrow(/ENOENT/);
  });
});

describe('the launcher', () => {
  it('runs the program and hands on its exit code', async () => {
    const { code, stdout } = await startLauncher({}, '--version').result;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await startLauncher({}, 'compare').result).code).toBe(2);
  });
});

describe('arrowhead compare', () => {
  it('says why two pictures cannot be compared', async () => {
    await runArrowhead('generate', ...PICTURE, '--size', '64x64', '--out', at('square.png'), '-q');
    const { code, stdout } = await runArrowhead('compare', at('a.png'), at('square.png'), '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error.message).toMatch(/differ in size: 96×64 and 64×64/);
    expect((await runArrowhead('compare', at('a.png'), at('none.png'))).stderr).toMatch(/none\.png does not exist/);
  });

  it('works on when its reader goes away', async () => {
    const { child, result } = startArrowhead(['compare', at('a.png'), at('b.png')]);
    child.stdout?.destroy();
    expect((await result).code).toBe(0);
  });
});

describe('arrowhead devices', () => {
  it('lists at least the processor', async () => {
    const { stdout } = await runArrowhead('devices', '--json');
    expect(JSON.parse(stdout).devices[0]).toMatchObject({ kind: 'cpu', computeDtype: 'f32' });
  });

  it('says what text encoders and VAE run on, what else there is, and what to do for it', async () => {
    const { stdout } = await runArrowhead('devices');
    expect(stdout).toMatch(/^Text encoders and VAE: .*\(ONNX Runtime \d+\.\d+\.\d+\)$/m);
    expect(stdout).toMatch(/^ {2}cpu +can be used$/m);
    expect(stdout).toMatch(
      /^ {2}cuda +(can be used|.*is not installed.*install\.js.*|this ONNX Runtime .*|no graphics.*)$/m,
    );
    expect(stdout).toMatch(/^ {2}webgpu +\w/m);
  });
});
