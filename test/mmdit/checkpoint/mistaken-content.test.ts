import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { readJson } from '../../../mmdit/checkpoint/read-json.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { unreadable } from '../../../mmdit/checkpoint/unreadable.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mistaken-'));
  file = path.join(folder, 'saved');
});
afterEach(() => rm(folder, { recursive: true }));

const LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9787841024\n';
const PAGE = '<!doctype html>\n<html class=""><head><title>FLUX.1-dev</title></head></html>';

describe.each([
  ['weights', () => SafetensorsFile.open(file)],
  ['JSON', () => readJson(file, z.unknown())],
])('in place of %s', (_, open) => {
  it.each([
    ['a Git LFS pointer', LFS, /saved: is a Git LFS pointer of a file of 9787841024 bytes.*git lfs pull/],
    ['a web page', PAGE, /saved: is a web page \(HTML\) saved under this name/],
    ['a web page after a byte order mark', `\ufeff\n${PAGE}`, /is a web page/],
    ['nothing', '', /saved: is empty; download it again/],
    ['a GGUF file', 'GGUF\x03\0\0\0', /saved: is a GGUF file/],
    ['a PyTorch archive', 'PK\x03\x04archive', /saved: is a PyTorch pickle/],
  ])('%s is called so', async (_, content, message) => {
    await writeFile(file, content);
    const opened = open();
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
  });

  it('a link to nothing names where it leads', async () => {
    await symlink('../../blobs/0123', file);
    await expect(open()).rejects.toThrow(
      'saved: is a link to ../../blobs/0123, which is missing; download the file again',
    );
  });

  it('a link to itself is called so', async () => {
    await symlink('saved', file);
    await expect(open()).rejects.toThrow('leads back to itself');
  });
});

it('JSON may begin with a byte order mark', async () => {
  await writeFile(file, '\ufeff{"a": 1}');
  expect(await readJson(file, z.unknown())).toEqual({ a: 1 });
});

it('JSON in UTF-16 is called so', async () => {
  await writeFile(file, Buffer.from('\ufeff{"a": 1}', 'utf16le'));
  await expect(readJson(file, z.unknown())).rejects.toThrow('is UTF-16 text; save it as UTF-8');
});

it.each([
  ['EACCES', /is there, but you have no permission to read it/],
  ['EPERM', /no permission/],
  ['ENOENT', /is missing$/],
  ['EIO', /cannot be opened: i\/o error/],
])('%s is told for what it is', (code, message) => {
  expect(() => unreadable(file)(Object.assign(new Error('i/o error'), { code }))).toThrow(message);
});
