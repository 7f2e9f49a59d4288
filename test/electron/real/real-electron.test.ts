import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stageDesktop } from '../../../scripts/desktop/build-desktop.mjs';
import { ensureRenderer } from '../../../scripts/desktop/build-renderer.mjs';
import { findElectron } from '../../../scripts/desktop/electron-binary.mjs';
import { type DesktopWindow, startProgram } from './desktop-window.ts';
import { askByBridge, everythingIsRemembered, firstJourney } from './first-journey.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const binary = findElectron(ROOT);
const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
const reason = binary === null ? 'its binary is not installed (npm start fetches it)' : 'this machine has no screen';
// Where it is asked for, its absence is a failure.
const runs = (binary !== null && hasScreen) || process.env.ARROWHEAD_REAL_ELECTRON === 'require';

describe.runIf(runs)(runs ? 'real Electron' : `real Electron is not tested here: ${reason}`, () => {
  let folder: string;
  let app: DesktopWindow;
  const start = async () => {
    const env = { ...process.env, ARROWHEAD_LIBRARY: path.join(folder, 'library') };
    const args = [path.join(ROOT, 'dist', 'desktop'), `--user-data-dir=${path.join(folder, 'user')}`];
    app = await startProgram({ file: binary!, args, env });
  };
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-electron-'));
    await ensureRenderer(ROOT, () => {});
    await stageDesktop(ROOT);
    await start();
  }, 180_000);
  afterAll(async () => {
    await app?.quit();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows the workbench, sandboxed, with the host behind its bridge', async () => {
    await app.page.getByRole('tab', { name: 'Heatmaps' }).waitFor({ timeout: 60_000 });
    expect(app.page.url()).toBe('app://arrowhead/index.html');
    expect(await app.page.evaluate(() => 'require' in globalThis || 'process' in globalThis)).toBe(false);
  }, 90_000);

  it('makes the first journey', () => firstJourney(app.page, askByBridge(app.page)), 400_000);

  it('remembers everything when it is started again', async () => {
    await app.quit();
    await start();
    await everythingIsRemembered(app.page, askByBridge(app.page));
  }, 180_000);
});
