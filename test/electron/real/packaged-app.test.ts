import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DesktopWindow, startProgram } from './desktop-window.ts';
import { askByBridge, firstJourney } from './first-journey.ts';

/** The program of an installed or packaged app, as `npm run make` leaves it in out/. */
const program = process.env.ARROWHEAD_PACKAGED_APP;
const title = 'the packaged app';

describe.runIf(program !== undefined)(
  program ? title : `${title} is not tested here: ARROWHEAD_PACKAGED_APP is not set`,
  () => {
    let folder: string;
    let app: DesktopWindow;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-packaged-'));
      const env = { ...process.env, ARROWHEAD_LIBRARY: path.join(folder, 'library') };
      const args = [`--user-data-dir=${path.join(folder, 'user')}`];
      app = await startProgram({ file: path.resolve(program!), args, env });
    }, 180_000);
    afterAll(async () => {
      await app?.quit();
      await rm(folder, { recursive: true, force: true });
    });

    it('shows its window', async () => {
      await app.page.getByRole('tab', { name: 'Heatmaps' }).waitFor({ timeout: 60_000 });
      expect(app.page.url()).toBe('app://arrowhead/index.html');
    }, 90_000);

    it('computes: kernels, ONNX Runtime, workers and the demo are found in it', () => {
      return firstJourney(app.page, askByBridge(app.page));
    }, 400_000);
  },
);
