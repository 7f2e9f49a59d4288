import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DownloadError } from '../../../electron/engine/download-error.ts';
import { downloadFile } from '../../../electron/engine/download-file.ts';
import { type Answer, type FileServer, hangUpAfter, serveFile, status, whole } from './file-server.ts';

const data = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 131 + (at >> 8)) % 251);
const sha256 = createHash('sha256').update(data).digest('hex');
const quick = { pauseMs: 1, stallMs: 5000 };

let folder: string;
let target: string;
let server: FileServer | null = null;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'download-'));
  target = path.join(folder, 'weights.pth');
});
afterEach(async () => {
  await server?.close();
  server = null;
  await rm(folder, { recursive: true });
});

async function wanted(...answers: readonly Answer[]) {
  server = await serveFile(data, ...answers);
  return { url: server.url, bytes: data.length, sha256 };
}

const files = async () => (await readdir(folder)).toSorted();

describe('a download', () => {
  it('brings the file, tells how far it is, and asks for nothing when it is there', async () => {
    const file = await wanted();
    const told: number[] = [];
    await downloadFile(file, target, { ...quick, onBytes: (bytes) => told.push(bytes) });
    expect(new Uint8Array(await readFile(target))).toEqual(data);
    expect(await files()).toEqual(['weights.pth']);
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(data.length);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    await downloadFile(file, target, quick);
    expect(server!.ranges).toEqual([null]);
  });

  it('goes on by itself where the connection broke', async () => {
    await downloadFile(await wanted(hangUpAfter(100_000), hangUpAfter(50_000), status(503)), target, quick);
    expect(new Uint8Array(await readFile(target))).toEqual(data);
    const starts = server!.ranges.map((range) => Number(/\d+/.exec(range ?? '0')));
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThan(0);
    expect(starts[2]).toBeGreaterThan(starts[1]!);
    expect(starts[3]).toBe(starts[2]);
  });

  it('goes on where an earlier call was stopped', async () => {
    const stop = new AbortController();
    const file = await wanted((_, response) => {
      response.writeHead(200, { 'content-length': data.length });
      response.write(data.subarray(0, 120_000));
    });
    const onBytes = (bytes: number) => bytes === 120_000 && stop.abort(new Error('stopped'));
    await expect(downloadFile(file, target, { ...quick, signal: stop.signal, onBytes })).rejects.toThrow('stopped');
    expect(await files()).toEqual(['weights.pth.part']);
    await downloadFile(file, target, quick);
    expect(server!.ranges).toEqual([null, 'bytes=120000-']);
    expect(new Uint8Array(await readFile(target))).toEqual(data);
  });

  it('begins anew where the server knows no parts', async () => {
    await downloadFile(await wanted(hangUpAfter(100_000), whole), target, quick);
    expect(new Uint8Array(await readFile(target))).toEqual(data);
    expect(server!.ranges[1]).toMatch(/^bytes=\d+-$/);
  });

  it('begins anew where what an earlier call left is of another file, or too long', async () => {
    const file = await wanted();
    for (const left of [new Uint8Array(1000).fill(7), new Uint8Array(data.length), new Uint8Array(data.length + 1)]) {
      await rm(target, { force: true });
      await writeFile(`${target}.part`, left);
      await downloadFile(file, target, quick);
      expect(new Uint8Array(await readFile(target))).toEqual(data);
    }
  });

  it('takes the name from a file of other bytes', async () => {
    await writeFile(target, new Uint8Array(data.length));
    await downloadFile(await wanted(), target, quick);
    expect(new Uint8Array(await readFile(target))).toEqual(data);
  });
});

describe('a download is refused, and nothing gets the name,', () => {
  const other = Uint8Array.from(data, (value, at) => (at === 5 ? value + 1 : value));

  it('where the bytes are others', async () => {
    const file = await wanted((_, response) => response.writeHead(200).end(other));
    const error = await downloadFile(file, target, quick).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toContain(`sha256: expected ${sha256}, found`);
    expect(await files()).toEqual([]);
  });

  it.each<[string, Answer, string]>([
    [
      'shorter',
      (_, response) => response.writeHead(200, { 'content-length': 5 }).end('12345'),
      'expected 300000 bytes, the server offers 5',
    ],
    [
      'longer',
      (_, response) => response.writeHead(200).end(Buffer.alloc(data.length + 1)),
      'sends more than the 300000 bytes',
    ],
    ['not there', status(404), 'the server answered 404 Not Found; expected the file'],
    ['forbidden', status(403), 'the server answered 403'],
    [
      'a part that nobody asked for',
      (_, response) => response.writeHead(206, { 'content-range': 'bytes 9-10/11' }).end('12'),
      'the server answered 206',
    ],
    ['not to be had now', status(503), 'the server answered 503'],
    ['never sent', (_, response) => response.writeHead(200).flushHeaders(), 'the server sent nothing for 0.2 s'],
  ])('where it is %s', async (_, answer, problem) => {
    const file = await wanted(answer);
    const error = await downloadFile(file, target, { pauseMs: 1, stallMs: 200 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toContain(`${file.url}: ${problem}`);
    expect(server!.ranges).toHaveLength(1);
    expect(await files()).not.toContain('weights.pth');
  });

  it('where nobody answers', async () => {
    const file = await wanted();
    await server!.close();
    await expect(downloadFile(file, target, quick)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('where the connection breaks again and again; what has come is kept', async () => {
    const broken = [hangUpAfter(100_000), ...Array.from({ length: 9 }, () => hangUpAfter(0))];
    const error = await downloadFile(await wanted(...broken), target, quick).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DownloadError);
    expect(String(error)).toMatch(/\d+ bytes are kept: run the same command again/);
    expect(server!.ranges.length).toBeLessThan(8);
    expect(await files()).toEqual(['weights.pth.part']);
  });
});
