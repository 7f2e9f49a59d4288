import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSd35Folder } from '../../fixtures/pipeline-folders.ts';
import { CHROMIUM, type RealWindow, startRealWindow } from '../real-window.ts';

const GUIDED = { steps: 2, guidance: 5, width: 48, height: 48 };
const SIZES = [
  [1440, 900],
  [1024, 700],
] as const;

describe.runIf(CHROMIUM !== undefined)('the negative prompt, over a small SD3.5 in a real browser', () => {
  let window: RealWindow;
  let page: Page;
  let folder: string;
  beforeAll(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), 'arrowhead-negative-')), 'SD3.5 in small');
    await writeSd35Folder(folder);
    window = await startRealWindow();
    const { id } = await window.workbench.request('models.add', { folder });
    await window.workbench.request('settings.set', {
      model: id,
      sampling: GUIDED,
      samples: [{ prompt: 'a large red sphere left of a small blue cube, on the grass at dusk', seed: 5 }],
    });
    page = await window.open();
    page.setDefaultTimeout(20_000);
    await page.getByRole('button', { name: 'Generate', exact: true }).waitFor();
  });
  afterAll(async () => {
    await window.close();
    await rm(path.dirname(folder), { recursive: true });
  });

  const field = () => page.getByRole('textbox', { name: 'Negative prompt' });
  const settings = () => window.workbench.request('settings.get', {});
  const prompts = () => page.getByRole('button', { name: /^Prompts:/ });
  const lastRun = async () => (await window.workbench.request('runs.list', {})).runs[0];

  async function photograph(name: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await page.screenshot({ path: `test/report/screens/${name}-${colorScheme}-${width}.png` });
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1440, height: 900 });
  }

  test('is typed beside the prompts, shown in the top bar and remembered', async () => {
    await page.keyboard.press('e');
    await field().fill('fog, writing');
    await photograph('negative-prompt');
    await page.keyboard.press('Escape');
    await expect.poll(() => prompts().innerText()).toContain('without fog, writing');
    await photograph('negative-prompt-closed');
    await expect.poll(async () => (await settings()).negativePrompt).toBe('fog, writing');
    await page.reload();
    await expect.poll(() => prompts().innerText()).toContain('without fog, writing');
  });

  test('goes along with pictures and with a calibration', async () => {
    await page.getByRole('button', { name: 'Generate', exact: true }).click();
    await expect.poll(async () => (await lastRun())?.status, { timeout: 20_000 }).toBe('finished');
    const made = await window.workbench.request('runs.open', { run: (await lastRun())!.id });
    expect(made.pictures[0]).toMatchObject({ negativePrompt: 'fog, writing' });

    await page.getByRole('button', { name: 'Calibrate…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Calibrate' });
    await dialog.getByRole('textbox', { name: 'Negative prompt' }).fill('a cone');
    await photograph('negative-prompt-calibrate');
    await dialog.getByRole('button', { name: 'Calibrate', exact: true }).click();
    await expect.poll(async () => (await lastRun())?.kind, { timeout: 20_000 }).toBe('calibration');
    await expect.poll(async () => (await lastRun())?.status, { timeout: 20_000 }).toBe('finished');
    const { search, pictures } = await window.workbench.request('runs.open', { run: (await lastRun())!.id });
    expect(search).toMatchObject({ negativePrompt: 'a cone' });
    expect(pictures[0]).toMatchObject({ negativePrompt: 'a cone' });
    await expect.poll(async () => (await settings()).negativePrompt).toBe('a cone');
  });

  test('is not offered where it would have no effect', async () => {
    await page.getByRole('button', { name: /^Sampling/ }).click();
    await page.getByRole('textbox', { name: 'Guidance' }).fill('1');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await settings()).sampling?.guidance).toBe(1);
    await page.keyboard.press('Escape');
    await expect.poll(() => prompts().innerText()).not.toContain('without');
    await page.keyboard.press('e');
    await page.getByRole('textbox', { name: 'Prompt 1' }).waitFor();
    expect(await field().count()).toBe(0);
    await page.keyboard.press('Escape');
    expect((await settings()).negativePrompt).toBe('a cone');
    expect(window.complaints).toEqual([]);
  });
});
