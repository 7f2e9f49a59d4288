import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { findOutsideLinks, requireNoOutsideLinks } from '../../../mmdit/checkpoint/outside-links.ts';
import { encodeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';

const WEIGHTS = 'diffusion_pytorch_model.safetensors';
let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(tmpdir(), 'links-')));
});
afterEach(() => rm(root, { recursive: true }));

const at = (...parts: readonly string[]) => path.join(root, ...parts);
async function putComponent(folder: string): Promise<void> {
  await mkdir(at(folder), { recursive: true });
  await writeFile(at(folder, 'config.json'), '{"_class_name": "AutoencoderKL"}');
  await writeFile(
    at(folder, WEIGHTS),
    encodeSafetensors([{ name: 'a', dtype: 'F32', shape: [1], data: Float32Array.of(1) }]),
  );
}
const namesOf = async (folder: string) => (await Component.open(at(folder))).names;

it('blobs of a hub cache are its own, and those of a linked blobs folder are followed and listed', async () => {
  const snapshot = 'models--x--y/snapshots/abc';
  await putComponent(`${snapshot}/vae`);
  await mkdir(at('models--x--y/blobs'));
  await rename(at(snapshot, 'vae', WEIGHTS), at('models--x--y/blobs/0123'));
  await symlink('../../../blobs/0123', at(snapshot, 'vae', WEIGHTS));
  expect(await namesOf(`${snapshot}/vae`)).toEqual(['a']);
  expect(await findOutsideLinks(at(snapshot))).toEqual([]);
  await requireNoOutsideLinks(at(snapshot));

  await rename(at('models--x--y/blobs'), at('large-disk'));
  await symlink(at('large-disk'), at('models--x--y/blobs'));
  expect(await namesOf(`${snapshot}/vae`)).toEqual(['a']);
  expect(await findOutsideLinks(at(snapshot))).toEqual([{ path: `vae/${WEIGHTS}`, target: at('large-disk/0123') }]);
});

it('a component linked by hand and a file that links into another cache are followed and listed', async () => {
  await putComponent('other-disk/vae');
  await putComponent('model/transformer');
  await symlink(at('other-disk/vae'), at('model/vae'));
  await rename(at('model/transformer', WEIGHTS), at('blob'));
  await symlink(at('blob'), at('model/transformer', WEIGHTS));
  expect(await namesOf('model/vae')).toEqual(['a']);
  expect(await namesOf('model/transformer')).toEqual(['a']);
  expect(await findOutsideLinks(at('model'))).toEqual([
    { path: `transformer/${WEIGHTS}`, target: at('blob') },
    { path: 'vae', target: at('other-disk/vae') },
  ]);
});

it('for a folder that was not named on this machine they are refused', async () => {
  await putComponent('model/vae');
  await writeFile(at('secret.json'), '{}');
  await requireNoOutsideLinks(at('model'));
  await symlink(at('secret.json'), at('model/model_index.json'));
  await expect(requireNoOutsideLinks(at('model'))).rejects.toThrow(
    `model_index.json: is a link to ${at('secret.json')}, outside the checkpoint`,
  );
  await rm(at('model/model_index.json'));
  await symlink('../../secret.json', at('model/vae/deeper.json'));
  await expect(requireNoOutsideLinks(at('model'))).rejects.toThrow('deeper.json: is a link to');
});

it('links within the folder, and links to nothing, are no links out of it', async () => {
  await putComponent('model/vae');
  await symlink('vae', at('model/again'));
  await symlink('/nowhere/at/all', at('model/dangling'));
  expect(await findOutsideLinks(at('model'))).toEqual([]);
});
