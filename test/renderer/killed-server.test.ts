import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, launchChromium } from '../chromium.ts';
import { buildPages } from './real-window.ts';

/** `arrowhead serve` as a process of its own, so that it can be killed. */
async function serve(library: string, pages: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['test/renderer/serve-child.ts', library, pages], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return { child, url: String(line).trim() };
}

describe.runIf(CHROMIUM !== undefined)('a host that is killed', () => {
  let folder: string;
  let browser: Browser;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-killed-'));
    await buildPages(path.join(folder, 'pages'));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  test('says so in the window; the run goes on with the next host', async () => {
    const places = [path.join(folder, 'library'), path.join(folder, 'pages')] as const;
    const first = await serve(...places);
    children.push(first.child);
    const page = await browser.newPage();
    await page.goto(first.url);
    await page.getByRole('button', { name: 'Calibrate…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Calibrate' });
    await dialog.getByLabel('Name of the run').fill('Interrupted');
    await dialog.getByRole('button', { name: 'Calibrate' }).click();
    await page.getByText(/step [4-9] of 20/).waitFor();
    first.child.kill('SIGKILL');
    await page
      .getByText(/connection|not be reached|Connecting|lost/i)
      .first()
      .waitFor({ timeout: 15_000 });

    const second = await serve(...places);
    children.push(second.child);
    await page.goto(second.url);
    await page.getByRole('button', { name: 'Resume Interrupted' }).click();
    await page
      .locator('[data-sonner-toast]')
      .filter({ hasText: /Go on with Interrupted is done/ })
      .waitFor({ timeout: 90_000 });
    await page.getByText('Exact', { exact: true }).waitFor();
    expect(await page.getByText('20 steps ×').count()).toBeGreaterThan(0);
  }, 150_000);
});
