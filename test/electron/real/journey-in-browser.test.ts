import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createWorkbench } from '../../../electron/host/workbench-host.ts';
import { serveWorkbench } from '../../../electron/server/serve-workbench.ts';
import { CHROMIUM } from '../../chromium.ts';
import { buildPages } from '../../renderer/real-window.ts';
import { startProgram } from './desktop-window.ts';
import { type Ask, everythingIsRemembered, firstJourney } from './first-journey.ts';

/**
 * The steps that real Electron is tested with, and the way its window is taken hold of, on a browser and a server: so that they
 * are right where Electron's binary is not at hand.
 */
describe.runIf(CHROMIUM !== undefined)('the first journey of the desktop app, in a browser', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-first-journey-'));
    await buildPages(path.join(folder, 'pages'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['is made', firstJourney],
    ['is remembered by the next start', everythingIsRemembered],
  ])(
    '%s',
    async (_, steps) => {
      const workbench = await createWorkbench({ library: path.join(folder, 'library') });
      const server = await serveWorkbench(workbench, { host: '127.0.0.1', port: 0, pages: path.join(folder, 'pages') });
      const browser = await startProgram({
        file: CHROMIUM!,
        args: [
          ...['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
          ...[`--user-data-dir=${path.join(folder, 'profile')}`, '--window-size=1440,900', 'about:blank'],
        ],
      });
      const ask: Ask = (name, params) => workbench.request(name as never, params as never);
      try {
        await browser.page.goto(server.url);
        await steps(browser.page, ask);
      } finally {
        await browser.quit();
        await server.close();
        await workbench.close();
      }
    },
    120_000,
  );
});
