import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { build } from 'vite';
import { createWorkbench, type WorkbenchHost } from '../../electron/host/workbench-host.ts';
import { serveWorkbench } from '../../electron/server/serve-workbench.ts';
import { launchChromium } from '../chromium.ts';

export { CHROMIUM } from '../chromium.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface RealWindow {
  readonly workbench: WorkbenchHost;
  /** Its folder of runs; empty at first, gone after `close`. */
  readonly library: string;
  /** What the console said that it should not: errors, warnings, faults of the page. */
  readonly complaints: readonly string[];
  /** The window in a browser tab of its own. */
  open(options?: BrowserContextOptions): Promise<Page>;
  close(): Promise<void>;
}

/**
 * The built renderer, its server, a real host with an empty library, and a real browser. `between`: what the window talks to
 * instead of the host itself.
 */
export async function startRealWindow(
  between: (host: WorkbenchHost) => WorkbenchHost = (host) => host,
): Promise<RealWindow> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-window-'));
  const pages = path.join(folder, 'pages');
  const library = path.join(folder, 'runs');
  await buildPages(pages);
  const workbench = await createWorkbench({ library });
  const server = await serveWorkbench(between(workbench), { host: '127.0.0.1', port: 0, pages });
  const browser = await launchChromium();
  const complaints: string[] = [];
  return {
    workbench,
    library,
    complaints,
    async open(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      const page = await context.newPage();
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(server.url);
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
      await workbench.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The renderer as users get it, built from these sources. */
export async function buildPages(folder: string): Promise<void> {
  // Vitest's own would make a development build of React.
  process.env.NODE_ENV = 'production';
  await build({
    configFile: path.join(ROOT, 'renderer/vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, minify: false },
  });
  process.env.NODE_ENV = 'test';
}

/** Keeps a measurement beside the test results, where CI collects them. */
export async function writeReport(name: string, report: object): Promise<void> {
  const folder = path.join(ROOT, 'test/report');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
}
