import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stageDesktop } from '../../../scripts/desktop/build-desktop.mjs';
import { ensureRenderer } from '../../../scripts/desktop/build-renderer.mjs';
import { findElectron } from '../../../scripts/desktop/electron-binary.mjs';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const binary = findElectron(ROOT);
const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
const runs = binary !== null && hasScreen;
if (!runs) {
  const why = binary === null ? 'its binary is not installed (npm start fetches it)' : 'this machine has no screen';
  process.stdout.write(`Real Electron is not tested here: ${why}.\n`);
}

/** The app itself, where it can run. */
describe.runIf(runs)('the app in real Electron', () => {
  let folder: string;
  let app: ElectronApplication;
  let window: Page;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-electron-'));
    await ensureRenderer(ROOT, () => {});
    const main = path.join(await stageDesktop(ROOT), 'electron', 'main.js');
    app = await _electron.launch({
      executablePath: binary!,
      args: [main, `--user-data-dir=${path.join(folder, 'user')}`],
      env: { ...process.env, ARROWHEAD_LIBRARY: path.join(folder, 'library') } as Record<string, string>,
    });
    window = await app.firstWindow();
  }, 120_000);
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows the workbench, sandboxed, with the host behind its bridge', async () => {
    await window.getByRole('tab', { name: 'Heatmaps' }).waitFor({ timeout: 30_000 });
    expect(window.url()).toBe('app://arrowhead/index.html');
    expect(await window.evaluate(() => 'require' in globalThis || 'process' in globalThis)).toBe(false);
    await window.getByText('20 steps').waitFor();
  });

  it('calibrates the demo in one click, and the sliders come alive', async () => {
    await window.getByRole('button', { name: 'Calibrate the demo' }).first().click();
    await window.getByText('Exact', { exact: true }).waitFor({ timeout: 120_000 });
  }, 150_000);
});
