import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CancelledError } from '../../../electron/engine/cancelled-error.ts';
import { downloadWeights } from '../../../electron/engine/download-weights.ts';
import { listWeights } from '../../../electron/engine/list-weights.ts';
import type { Progress } from '../../../electron/engine/progress.ts';
import { asPublished, randomWeights } from '../../calibration/metrics/lpips/lpips-weights.ts';
import { legacyFile, zipEntries, zipFile } from '../../mmdit/checkpoint/torch/torch-writer.ts';
import { type FileServer, hangUpAfter, serveFile } from './file-server.ts';

let folder: string;
const before = process.env.ARROWHEAD_HOME;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weights-'));
  process.env.ARROWHEAD_HOME = folder;
});
afterAll(async () => {
  process.env.ARROWHEAD_HOME = before;
  await rm(folder, { recursive: true });
});

it('downloads both files, goes on after a stop, and keeps what LPIPS needs alone', async () => {
  const { backbone, heads } = asPublished(randomWeights('squeeze'));
  const contents = { 'backbone.pth': zipFile(zipEntries(backbone)), 'heads.pth': legacyFile(heads) };
  const servers: FileServer[] = [];
  const files = [];
  for (const [name, data] of Object.entries(contents)) {
    const server = await serveFile(data, hangUpAfter(4000));
    servers.push(server);
    const sha256 = createHash('sha256').update(data).digest('hex');
    files.push({ what: name, name, url: server.url, bytes: data.length, sha256 });
  }
  const quick = { pauseMs: 1 };
  const progress: Progress[] = [];
  const onProgress = (event: Progress) => progress.push(event);

  const stop = new AbortController();
  const stopped = downloadWeights('squeeze', { signal: stop.signal, onProgress: () => stop.abort() }, files, quick);
  await expect(stopped).rejects.toThrow(CancelledError);
  const installed = await downloadWeights('squeeze', { onProgress }, files, quick);

  expect(installed.origins.map(({ name }) => name)).toEqual(['backbone.pth', 'heads.pth']);
  expect(await readdir(path.join(folder, 'weights'))).toEqual(['lpips-squeeze.safetensors']);
  expect(progress.at(-1)).toMatchObject({ value: 1, title: 'Checking' });
  const values = progress.map(({ value }) => value);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  expect(progress.find(({ etaSeconds }) => etaSeconds)?.detail).toMatch(/^backbone\.pth, [\d.]+ of 2\.8 MiB$/);
  expect(await listWeights()).toMatchObject([
    { name: 'lpips-alex', file: null },
    { name: 'lpips-vgg', file: null },
    { name: 'lpips-squeeze', file: installed.file, published: false },
  ]);
  for (const server of servers) await server.close();
});
