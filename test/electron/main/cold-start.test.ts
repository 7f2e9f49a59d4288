import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeRseTable } from '../../../calibration/index.ts';
import { CHANNELS } from '../../../electron/main/channels.ts';
import { fluxTable } from '../../fixtures/flux-table.ts';
import type { FakeElectron } from './fake-electron.ts';

const MAIN = '../../../electron/main.ts';
const WAIT = { timeout: 15_000 };
const PROCESS_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

describe('a start of the app', () => {
  let folder: string;
  let electron: FakeElectron;
  const listenersBefore = PROCESS_EVENTS.map((name) => process.listeners(name as 'uncaughtException'));
  /** Only those that the app has added: vitest has its own. */
  const fail = (name: (typeof PROCESS_EVENTS)[number], error: unknown) => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    for (const listener of process.listeners(name as 'uncaughtException')) {
      if (!listenersBefore.flat().includes(listener)) listener(error as Error, name as 'uncaughtException');
    }
  };
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-start-'));
    vi.resetModules();
    ({ electron } = await import('./fake-electron.ts'));
    electron.folder = folder;
    vi.doMock('electron', () => electron);
  });
  afterEach(async () => {
    electron.answer = 0;
    if (electron.ipcHandlers.size > 0 && !electron.ended) {
      electron.app.quit();
      await vi.waitFor(() => expect(electron.app.quits).toBeGreaterThan(0), WAIT);
    }
    for (const name of PROCESS_EVENTS) {
      for (const listener of process.listeners(name as 'uncaughtException')) {
        if (!listenersBefore.flat().includes(listener)) process.off(name, listener);
      }
    }
    vi.restoreAllMocks();
    vi.doUnmock('../../../native-kernels/addon.ts');
    await rm(folder, { recursive: true, force: true });
  });

  it('is never ready where the main module waits for it at its top level, as Electron documents', async () => {
    await expect(electron.launch(() => electron.app.whenReady(), { patienceMs: 20 })).rejects.toThrow('never ready');
    expect(electron.ready).toBe(false);
  });

  it.each(['open-file', 'second-instance'] as const)('imports what %s names before the app is ready', async (event) => {
    const table = path.join(folder, 'early.safetensors');
    await writeFile(table, encodeRseTable(fluxTable()));
    const preventDefault = vi.fn();
    await electron.launch(async () => {
      await import(MAIN);
      if (event === 'open-file') electron.app.emit(event, { preventDefault }, table);
      else electron.app.emit(event, {}, ['arrowhead', 'early.safetensors'], folder);
    });
    await vi.waitFor(() => expect(electron.BrowserWindow.getAllWindows()).toHaveLength(1), WAIT);
    expect(electron.errors).toEqual([]);
    const [window] = electron.BrowserWindow.getAllWindows();
    const event_ = { sender: window!.webContents, senderFrame: { url: 'app://arrowhead/index.html', parent: null } };
    const answer = await electron.ipcHandlers.get(CHANNELS.request)!(event_, 'settings.get', {});
    expect(answer).toMatchObject({ reply: { openRun: expect.stringContaining('early') } });
  });

  it('that cannot make its library says so in a dialog, with what to do, and ends', async () => {
    await writeFile(path.join(folder, 'documents'), 'a file where a folder should be');
    await electron.launch(() => import(MAIN));
    await vi.waitFor(() => expect(electron.app.exits).toEqual([1]), WAIT);
    expect(electron.errors).toHaveLength(1);
    expect(electron.errors[0]![0]).toBe('Arrowhead could not start');
    expect(electron.errors[0]![1]).toContain(path.join(folder, 'documents'));
    expect(electron.BrowserWindow.getAllWindows()).toEqual([]);
  });

  it('whose native library does not load says so in a dialog, with what to do, and ends', async () => {
    vi.doMock('../../../native-kernels/addon.ts', () => {
      throw new Error('Cannot load the native kernels: libc.so.6: version `GLIBC_2.99’ not found');
    });
    await electron.launch(() => import(MAIN));
    await vi.waitFor(() => expect(electron.app.exits).toEqual([1]), WAIT);
    expect(electron.errors).toEqual([['Arrowhead could not start', expect.stringContaining('Install Arrowhead')]]);
    expect(electron.BrowserWindow.getAllWindows()).toEqual([]);
  });

  it.each(PROCESS_EVENTS)('that ends in an %s before there is a window says so and ends', async (event) => {
    await electron.launch(async () => {
      await import(MAIN);
      fail(event, new Error('something broke'));
    });
    expect(electron.app.exits).toEqual([1]);
    expect(electron.errors).toEqual([['Arrowhead could not start', expect.stringMatching(/^something broke\n/)]]);
  });

  it('survives an error that nobody caught once there is a window, and shows it once at a time', async () => {
    await electron.launch(() => import(MAIN));
    await vi.waitFor(() => expect(electron.BrowserWindow.getAllWindows()).toHaveLength(1), WAIT);
    for (let n = 0; n < 3; n++) fail('unhandledRejection', new Error('something broke'));
    expect(electron.messages).toMatchObject([{ detail: expect.stringContaining('something broke') }]);
    expect(electron.app.exits).toEqual([]);
  });

  it('shows its window where a hidden one never paints, as on Wayland', async () => {
    electron.BrowserWindow.paintsHidden = false;
    await electron.launch(() => import(MAIN));
    await vi.waitFor(() => expect(electron.BrowserWindow.getAllWindows()[0]?.shown).toBe(1), WAIT);
  });

  it('is offered without the graphics card where its process keeps dying, and remembers that', async () => {
    await electron.launch(() => import(MAIN));
    await vi.waitFor(() => expect(electron.BrowserWindow.getAllWindows()).toHaveLength(1), WAIT);
    const dies = (type: string, reason: string) => electron.app.emit('child-process-gone', {}, { type, reason });
    dies('GPU', 'crashed');
    dies('Utility', 'crashed');
    dies('GPU', 'clean-exit');
    expect(electron.messages).toEqual([]);
    dies('GPU', 'crashed');
    dies('GPU', 'crashed');
    expect(electron.messages).toMatchObject([{ detail: expect.stringContaining('2 times (crashed)') }]);
    await vi.waitFor(() => expect(electron.app.quits).toBe(1), WAIT);
    expect(electron.app.relaunches).toHaveLength(1);
    expect(electron.app.hardwareAcceleration).toBe(true);

    vi.resetModules();
    const { electron: next } = await import('./fake-electron.ts');
    electron = next;
    electron.folder = folder;
    vi.doMock('electron', () => electron);
    await electron.launch(() => import(MAIN));
    expect(electron.app.hardwareAcceleration).toBe(false);
    await vi.waitFor(() => expect(electron.BrowserWindow.getAllWindows()).toHaveLength(1), WAIT);
  });

  it('beside another one ends at once', async () => {
    electron.app.hasLock = false;
    await electron.launch(() => import(MAIN));
    expect(electron.app.quits).toBe(1);
    expect(electron.BrowserWindow.getAllWindows()).toEqual([]);
  });
});
