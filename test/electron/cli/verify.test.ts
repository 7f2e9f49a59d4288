import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeGoldenDump } from '../../mmdit/pipeline/golden-pipeline-dump.ts';
import { runArrowhead } from './run-arrowhead.ts';

const GOLDEN = fileURLToPath(new URL('../../golden', import.meta.url));
const MODEL = path.join(GOLDEN, 'pipeline/flux-pipeline-tiny');

let folder: string;
let dump: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-verify-'));
  dump = path.join(folder, 'dump.safetensors');
  await writeGoldenDump(dump, 'flux');
});
afterAll(() => rm(folder, { recursive: true }));

describe('arrowhead verify', () => {
  it('prints how far every output is from the dump', async () => {
    const { code, stdout } = await runArrowhead(
      ...[
        'verify',
        path.join(GOLDEN, 'flux-tiny/transformer'),
        path.join(GOLDEN, 'flux-tiny/io.safetensors'),
        '--json',
      ],
    );
    expect(code).toBe(0);
    const { device, tensors } = JSON.parse(stdout);
    expect(device).toEqual(expect.any(String));
    expect(tensors['out.sample'].relative).toBeLessThan(1e-4);
    expect(Object.keys(tensors).filter((name) => name.startsWith('mid.')).length).toBeGreaterThan(3);
    for (const { max, relative } of Object.values<{ max: number; relative: number }>(tensors)) {
      expect(relative).toBeLessThan(1e-4);
      expect(max).toBeLessThan(1e-2);
    }
  });

  it('names the dump that does not fit', async () => {
    const odd = path.join(folder, 'a.png');
    await writeFile(odd, 'no dump at all');
    const { code, stderr } = await runArrowhead('verify', path.join(GOLDEN, 'flux-tiny/transformer'), odd);
    expect(code).toBe(1);
    expect(stderr).toMatch(/a\.png: /);
  });
});

describe('arrowhead verify --pipeline', () => {
  it('prints a row for everything that diffusers recorded', async () => {
    const { code, stdout, stderr } = await runArrowhead('verify', '--pipeline', MODEL, dump, '--tolerance', '1e-3');
    expect(code).toBe(0);
    expect(stderr).toContain('Denoising');
    const names = stdout.split('\n').map((line) => line.split(/\s/)[0]);
    for (const name of ['tokens.tokenizer', 'prompt_embeds', 'pooled_prompt_embeds', 'latents.3', 'image'])
      expect(names).toContain(name);
    expect(stdout).toContain('\non ');
  });

  it('fails where a tensor is further off than the tolerance, and names it', async () => {
    const { code, stdout, stderr } = await runArrowhead(
      ...['verify', '--pipeline', MODEL, dump, '--tolerance', '1e-9', '--json', '--quiet', '--device', 'cpu'],
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error.message).toMatch(/Further than 1e-9 from the dump: .*latents\.3/);
    expect(stderr).not.toContain('Denoising');
  });

  it('shows how to make a dump', async () => {
    const { stdout } = await runArrowhead('verify', '--help');
    expect(stdout).toContain('callback_on_step_end');
    expect(stdout).toContain('save_file(tensors, "dump.safetensors"');
  });
});
