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

describe('a start of the app', () => {
  let folder: string;
  let electron: FakeElectron;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-start-'));
    vi.resetModules();
    ({ electron } = await import('./fake-electron.ts'));
    electron.folder = folder;
    vi.doMock('electron', () => electron);
  });
  afterEach(async () => {
    if (electron.ipcHandlers.size > 0) {
      electron.app.emit('before-quit', { preventDefault: () => {} });
      await vi.waitFor(() => expect(electron.app.quits).toBeGreaterThan(0), WAIT);
    }
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

  it('beside another one ends at once', async () => {
    electron.app.hasLock = false;
    await electron.launch(() => import(MAIN));
    expect(electron.app.quits).toBe(1);
    expect(electron.BrowserWindow.getAllWindows()).toEqual([]);
  });
});
