import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SettingsStore } from '../../../electron/host/settings-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-settings-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const place = () => path.join(folder, 'settings.json');

it('starts with defaults and remembers every change', async () => {
  const store = await SettingsStore.open(folder);
  expect(store.settings).toMatchObject({ theme: 'system', model: null, openRun: null });
  expect(store.settings.samples[0]?.prompt).not.toBe('');
  await store.change({ delta: 0.7, headConstraint: null, layout: { 'library.open': true } });
  await store.addModel('/models/flux');
  const again = await SettingsStore.open(folder);
  expect(again.settings).toEqual(store.settings);
  expect(again.settings).toMatchObject({ delta: 0.7, headConstraint: null, layout: { 'library.open': true } });
  expect(again.models).toEqual(['/models/flux']);
});

it('a file from before there were negative prompts has none', async () => {
  const store = await SettingsStore.open(folder);
  await store.change({ delta: 0.7, negativePrompt: 'fog' });
  expect((await SettingsStore.open(folder)).settings.negativePrompt).toBe('fog');
  const file = JSON.parse(await readFile(place(), 'utf8'));
  delete file.settings.negativePrompt;
  await writeFile(place(), JSON.stringify(file));
  expect((await SettingsStore.open(folder)).settings).toMatchObject({ delta: 0.7, negativePrompt: '' });
});

it('changes at once end in the newest state, on disk too', async () => {
  const store = await SettingsStore.open(folder);
  await Promise.all(Array.from({ length: 20 }, (_, n) => store.change({ delta: n / 10 })));
  expect(store.settings.delta).toBe(1.9);
  expect((await SettingsStore.open(folder)).settings.delta).toBe(1.9);
});

it.each([
  ['no JSON', '{'],
  ['of another program', '{"theme":"dark"}'],
  ['of a newer version', '{"format":"arrowhead-settings","version":2,"settings":{},"models":[]}'],
])('a file that is %s gives the defaults and is kept aside', async (_, text) => {
  await mkdir(folder, { recursive: true });
  await writeFile(place(), text);
  const store = await SettingsStore.open(folder);
  expect(store.settings.theme).toBe('system');
  expect(await readFile(path.join(folder, 'settings.json.unreadable'), 'utf8')).toBe(text);
  await store.change({ theme: 'dark' });
  expect((await SettingsStore.open(folder)).settings.theme).toBe('dark');
});

it('one damaged field costs that field alone', async () => {
  const settings = { theme: 'dark', delta: -4, candidates: ['arrow/8', 'arrow/8'], layout: { a: 1 }, unknown: true };
  await writeFile(place(), JSON.stringify({ format: 'arrowhead-settings', version: 1, settings, models: [] }));
  const { settings: read } = await SettingsStore.open(folder);
  expect(read).toMatchObject({ theme: 'dark', layout: { a: 1 } });
  expect(read.delta).toBeGreaterThan(0);
  expect(new Set(read.candidates).size).toBe(read.candidates.length);
});

it('what another program changes meanwhile is kept, and seen', async () => {
  const [server, other] = [await SettingsStore.open(folder), await SettingsStore.open(folder)];
  await server.addModel('/models/flux');
  await other.addModel('/models/sd3');
  await Promise.all([server.change({ delta: 0.9 }), server.change({ theme: 'dark' }), other.addModel('/models/sd35')]);
  await server.refresh();
  expect(server.settings).toMatchObject({ delta: 0.9, theme: 'dark' });
  expect([...server.models].sort()).toEqual(['/models/flux', '/models/sd3', '/models/sd35']);
  expect(await SettingsStore.open(folder)).toMatchObject({ settings: server.settings, models: server.models });
  expect((await readdir(folder)).sort()).toEqual(['settings.json']);
});
