import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../../../electron/contract.ts';
import { CHANNELS } from '../../../electron/main/channels.ts';
import { electron, FakeWindow } from './fake-electron.ts';

vi.mock('electron', async () => (await import('./fake-electron.ts')).electron);

/** The machine may be busy with other things. */
const WAIT = { timeout: 15_000 };

/** The app as main.ts boots it, on an Electron in memory and with a real host. */
describe('the main process', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-main-'));
    electron.folder = folder;
    await electron.launch(() => import('../../../electron/main.ts'));
    await vi.waitFor(() => expect(FakeWindow.all).toHaveLength(1), WAIT);
  });
  afterAll(async () => {
    electron.answer = 0;
    electron.app.quit();
    await vi.waitFor(() => expect(electron.app.quits).toBe(1), WAIT);
    expect(FakeWindow.all).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  const window = () => FakeWindow.all[0]!;
  const frame = (url: string, parent: unknown = null) => ({
    sender: window().webContents,
    senderFrame: { url, parent },
  });
  const own = () => frame('app://arrowhead/index.html');
  const ask = (event: unknown, name: string, params: unknown) =>
    electron.ipcHandlers.get(CHANNELS.request)!(event, name, params) as Promise<{
      reply?: unknown;
      error?: { name: string };
    }>;

  it('opens one sandboxed window on its own scheme, which was registered before the app was ready', () => {
    expect(electron.app.sandboxed).toBe(true);
    expect(electron.schemes).toMatchObject([{ scheme: 'app', privileges: { standard: true } }]);
    expect(electron.schemes[0]!.privileges.bypassCSP).toBeUndefined();
    expect(window().url).toBe('app://arrowhead/index.html');
    expect(window().options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
    });
    expect(window().shown).toBe(1);
  });

  it('answers its own top frame, and a stranger with a typed error', async () => {
    const { reply } = await ask(own(), 'hello', { version: 1 });
    expect((reply as Reply<'hello'>).library).toBe(path.join(folder, 'documents', 'Arrowhead'));
    for (const stranger of [
      frame('https://example.org/'),
      frame('app://arrowhead.example.org/'),
      frame('app://arrowhead/index.html', { url: 'app://arrowhead/' }),
      frame(''),
      { sender: window().webContents, senderFrame: null },
    ]) {
      expect(await ask(stranger, 'hello', { version: 1 })).toMatchObject({ error: { name: 'UntrustedSenderError' } });
      const chosen = await electron.ipcHandlers.get(CHANNELS.chooseFolder)!(stranger);
      expect(chosen).toMatchObject({ error: { name: 'UntrustedSenderError' } });
    }
  });

  it('tells errors as data, with name and message', async () => {
    expect(await ask(own(), 'runs.open', { run: '../..' })).toMatchObject({ error: { name: 'InvalidRequestError' } });
    expect(await ask(own(), 'constructor', {})).toMatchObject({ error: { name: 'InvalidRequestError' } });
    expect(await ask(own(), undefined as never, undefined)).toMatchObject({ error: { name: 'InvalidRequestError' } });
  });

  it('sends the host’s events to the window', async () => {
    await ask(own(), 'settings.set', { theme: 'dark' });
    expect(window().webContents.sent).toContainEqual([
      CHANNELS.event,
      {
        event: 'settings.changed',
        payload: expect.objectContaining({ settings: expect.objectContaining({ theme: 'dark' }) }),
      },
    ]);
  });

  it('denies permissions, foreign pages, second windows and webviews', () => {
    const session = electron.session.defaultSession;
    const granted = vi.fn();
    session.permissionRequest(null, 'media', granted);
    expect(granted).toHaveBeenCalledWith(false);
    expect(session.permissionCheck()).toBe(false);
    expect(session.devicePermission()).toBe(false);

    const contents = window().webContents;
    const prevented = (event: string, url: string) => {
      const preventDefault = vi.fn();
      contents.emit(event, { preventDefault }, url);
      return preventDefault.mock.calls.length > 0;
    };
    expect(prevented('will-navigate', 'https://example.org/')).toBe(true);
    expect(prevented('will-navigate', 'app://arrowhead.example.org/')).toBe(true);
    expect(prevented('will-redirect', 'file:///etc/passwd')).toBe(true);
    expect(prevented('will-navigate', 'app://arrowhead/index.html')).toBe(false);
    expect(prevented('will-attach-webview', '')).toBe(true);
    for (const url of ['https://example.org/', 'file:///etc/passwd', 'https://arxiv.org.example.org/']) {
      expect(contents.windowOpen({ url })).toEqual({ action: 'deny' });
    }
    expect(electron.openedOutside).toEqual([]);
    expect(contents.windowOpen({ url: 'https://arxiv.org/abs/2503.22796' })).toEqual({ action: 'deny' });
    expect(electron.openedOutside).toEqual(['https://arxiv.org/abs/2503.22796']);
  });

  it('serves only built pages under app://, with a strict policy', async () => {
    const serve = electron.session.defaultSession.handlers.get('app')!;
    for (const url of [
      'app://arrowhead/../../package.json',
      'app://arrowhead/%2e%2e/%2e%2e/package.json',
      'app://arrowhead/..%2f..%2fpackage.json',
      'app://arrowhead/..%5c..%5cpackage.json',
      'app://arrowhead/%00',
      'app://arrowhead/%ff',
      'app://elsewhere/index.html',
      'app://arrowhead/no-such-file.js',
    ]) {
      const { status, headers } = await serve({ url });
      expect(status, url).toBe(404);
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    }
  });

  it('a second start brings the window to the front and imports the files it was given', async () => {
    const file = path.join(folder, 'broken.scheme.json');
    await writeFile(file, '{');
    window().minimised = true;
    electron.app.emit('second-instance', {}, ['arrowhead', '--flag', file], folder);
    expect(window()).toMatchObject({ minimised: false, focused: 1 });
    await vi.waitFor(() => expect(electron.errors).toHaveLength(1), WAIT);
    expect(electron.errors[0]![1]).toContain('broken.scheme.json');
  });

  it('a window that crashed can be reloaded', async () => {
    electron.answer = 0;
    window().webContents.emit('render-process-gone', {}, { reason: 'oom' });
    await vi.waitFor(() => expect(window().reloads).toBe(1), WAIT);
    expect(electron.messages.at(-1)?.detail).toMatch(
      /oom[\s\S]*its process ended: oom[\s\S]*The log: .*arrowhead\.log$/,
    );
    window().webContents.emit('render-process-gone', {}, { reason: 'clean-exit' });
    expect(electron.messages).toHaveLength(1);
  });

  it('asks before a running job is stopped by quitting', async () => {
    await ask(own(), 'jobs.start', {
      job: {
        ...{ kind: 'generate', model: null, samples: [{ prompt: 'a cube', seed: 1 }], plan: null, compare: false },
        sampling: { steps: 200, guidance: 3.5, width: 128, height: 128 },
      },
    });
    electron.answer = 1;
    electron.app.quit();
    await vi.waitFor(() => expect(electron.messages.at(-1)?.message).toBe('A job is running'), WAIT);
    await vi.waitFor(() => expect(window().focused).toBe(2), WAIT);
    expect(electron.app.quits).toBe(0);
  });

  it.skipIf(process.platform === 'darwin')(
    'who closes the last window and stays with the job has a window again',
    async () => {
      electron.messages.length = 0;
      window().close();
      await vi.waitFor(() => expect(electron.messages.at(-1)?.message).toBe('A job is running'), WAIT);
      await vi.waitFor(() => expect(FakeWindow.all).toHaveLength(1), WAIT);
      expect(electron.app.quits).toBe(0);
      expect(window().url).toBe('app://arrowhead/index.html');
    },
  );

  it('remembers where the window was', async () => {
    window().maximised = true;
    window().emit('close', { preventDefault: () => {} });
    const state = JSON.parse(await readFile(path.join(folder, 'userData', 'window.json'), 'utf8'));
    expect(state).toMatchObject({ maximised: true, bounds: { width: 1440, height: 900 } });
  });

  it('the preload script speaks on the channels that the main process listens to', async () => {
    const text = await readFile('electron/preload.cts', 'utf8');
    const named = [...text.matchAll(/'([a-z]+:[a-z-]+)'/g)].map(([, channel]) => channel);
    expect(named.sort()).toEqual(Object.values(CHANNELS).sort());
    await mkdir(folder, { recursive: true });
  });
});
