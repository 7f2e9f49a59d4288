import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeRseTable } from '../../calibration/rse/rse-table-file.ts';
import { readPng } from '../../electron/engine/png.ts';
import { onnxRuntimeFiles, programFiles } from '../../scripts/bundle/bundle-files.mjs';
import { writeArchive } from '../../scripts/bundle/write-archive.mjs';
import { ensureRenderer } from '../../scripts/desktop/build-renderer.mjs';
import { smallTable } from '../calibration/small-table.ts';
import { ask, RawClient, tokenOf } from '../electron/server/started-server.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const MODEL = path.join(ROOT, 'test/golden/pipeline/flux-pipeline-tiny');
const isMadeHere = process.platform === 'linux' && process.arch === 'x64';
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-bundle-test-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (...parts: readonly string[]): string => path.join(folder, ...parts);

describe.runIf(isMadeHere)('what is bundled', () => {
  let files: ReadonlyMap<string, string>;
  beforeAll(async () => {
    await ensureRenderer(ROOT, () => {});
    files = programFiles(ROOT, { demo: false });
  }, 120_000);

  it('is what runs: no types, no sources, no tool, no binary of ONNX Runtime', () => {
    const names = [...files.keys()];
    expect(names).toEqual(expect.arrayContaining(['arrowhead', 'bin/node', 'LICENSE', 'dist/renderer/index.html']));
    expect(names).toEqual(expect.arrayContaining(['node_modules/zod/LICENSE', 'node_modules/zod/package.json']));
    expect(names.filter((name) => /\.(ts|map)$|README\.md$/.test(name))).toEqual([]);
    expect(names.filter((name) => /\/(typescript|electron|vite|react|adm-zip)\//.test(name))).toEqual([]);
    expect(names.filter((name) => /onnxruntime.*\.(so|node|dll|dylib)/.test(name))).toEqual([]);
    expect(names.filter((name) => name.startsWith('demo/'))).toEqual(['demo/prompts.json']);
    for (const file of files.values()) expect(existsSync(path.join(ROOT, file)), file).toBe(true);
  });

  it('holds the demo checkpoint where it is asked for', () => {
    const more = [...programFiles(ROOT, { demo: true }).keys()].filter((name) => !files.has(name));
    expect(more).toContain('demo/checkpoint/model_index.json');
    expect(more.every((name) => name.startsWith('demo/checkpoint/'))).toBe(true);
  });

  it('leaves ONNX Runtime for this processor to the second archive', () => {
    const names = [...onnxRuntimeFiles(ROOT).keys()].map((name) => name.replace(/.*\/bin\/[^/]+\//, ''));
    expect(names).toEqual(['linux/x64/libonnxruntime.so.1', 'linux/x64/onnxruntime_binding.node']);
  });

  it('is never written half, and not at all where it is too large', async () => {
    await mkdir(at('packed/arrowhead'), { recursive: true });
    await writeFile(at('packed/arrowhead/file'), 'text');
    const request = { parent: at('packed'), name: 'arrowhead', file: at('archives', 'a.tar.xz'), level: 0 };
    await expect(writeArchive({ ...request, most: 20 })).rejects.toThrow(/a\.tar\.xz would be .* MiB, of at most/);
    await expect(writeArchive({ ...request, name: 'nothing' })).rejects.toThrow(/nothing/);
    expect(await readdir(at('archives'))).toEqual([]);
    expect(await writeArchive(request)).toBe((await readFile(request.file)).length);
  });
});

/** On a host of its own, as far as one machine can be another: nothing on the PATH but what the launcher calls. */
describe.runIf(isMadeHere)('an unpacked bundle', () => {
  beforeAll(async () => {
    await run(process.execPath, [path.join(ROOT, 'scripts/bundle.mjs'), '--draft', '--out', at('out')]);
    for (const name of ['a host', 'bin', 'elsewhere']) await mkdir(at(name));
    await symlink('/usr/bin/readlink', at('bin/readlink'));
    await symlink('../a host/arrowhead/arrowhead', at('bin/arrowhead'));
    await unpack('arrowhead-linux-x64.tar.xz');
  }, 180_000);

  const unpack = (archive: string) => run('tar', ['xf', at('out', archive), '-C', at('a host')]);
  const options = () => ({ cwd: at('elsewhere'), env: { PATH: at('bin'), HOME: at('elsewhere') } });
  const arrowhead = (...args: readonly string[]) => run(at('bin/arrowhead'), args, options());

  it('prints help from any folder, through a link and without one', async () => {
    // Usage and examples name the program as it was called.
    const elsewhere = (text: string) => text.split('\n').filter((line) => !line.includes('arrowhead'));
    const { stdout } = await arrowhead('--help');
    expect(stdout).toMatch(/^Usage: .*arrowhead/);
    const direct = await run(at('a host/arrowhead/arrowhead'), ['--help'], options());
    const byShell = await run('/bin/sh', ['arrowhead', '--help'], { ...options(), cwd: at('a host/arrowhead') });
    for (const other of [direct, byShell]) expect(elsewhere(other.stdout)).toEqual(elsewhere(stdout));
  });

  it('solves a table', async () => {
    await writeRseTable(at('elsewhere/rse.safetensors'), smallTable());
    const budget = ['--delta', '1', '--head-constraint', 'none'];
    const { stdout } = await arrowhead('solve', 'rse.safetensors', ...budget, '--json');
    expect(JSON.parse(stdout)).not.toHaveProperty('error');
  });

  it('serves the window, and computes in workers', async () => {
    const child = spawn(at('bin/arrowhead'), ['serve', '--port', '0', '--json'], options());
    onTestFinished(() => void child.kill('SIGKILL'));
    const { url, port } = JSON.parse(String((await once(child.stdout, 'data'))[0]));
    const { body } = await ask({ port }, '/');
    const script = /src="([^"]+\.js)"/.exec(body)![1]!;
    expect(await ask({ port }, new URL(script, url).pathname)).toMatchObject({ status: 200 });

    const client = await RawClient.open({ port, token: tokenOf(url) });
    client.send({ id: 1, request: 'hello', params: { version: 1 } });
    client.send({ id: 2, request: 'device', params: {} });
    const cpu = expect.objectContaining({ kind: 'cpu' });
    expect(await client.reply(2)).toMatchObject({ reply: { devices: expect.arrayContaining([cpu]) } });
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it('makes a picture as soon as the second archive is unpacked, and says so before', async () => {
    expect((await arrowhead('devices')).stdout).toContain('cpu');
    const picture = ['--model', MODEL, '--prompt', 'a red sphere', '--size', '96x64', '--steps', '2', '--out', 'a.png'];
    const failed = await arrowhead('generate', ...picture).catch((error) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('ONNX Runtime is missing') });
    expect(failed.stderr).toContain('tar xf arrowhead-linux-x64-onnxruntime.tar.xz');

    await unpack('arrowhead-linux-x64-onnxruntime.tar.xz');
    await arrowhead('generate', ...picture);
    expect(await readPng(at('elsewhere/a.png'))).toMatchObject({ width: 96, height: 64 });
  });
});
