import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, type RealWindow, startRealWindow } from '../real-window.ts';

const SAMPLING = { steps: 3, guidance: 3.5, width: 256, height: 256 };

describe.runIf(CHROMIUM !== undefined)('the top bar over the demo, in a real browser', () => {
  let window: RealWindow;
  let page: Page;
  beforeAll(async () => {
    window = await startRealWindow();
    await window.workbench.request('settings.set', {
      sampling: SAMPLING,
      samples: [{ prompt: 'a red cube', seed: 5 }],
    });
    page = await window.open();
    page.setDefaultTimeout(20_000);
    await page.getByRole('button', { name: 'Generate', exact: true }).waitFor();
  });
  afterAll(() => window.close());

  const prompts = () => page.getByRole('button', { name: /^Prompts:/ });
  const saved = async () => (await window.workbench.request('settings.get', {})) ?? null;
  const toast = (text: string | RegExp) => page.locator('[data-sonner-toast]').filter({ hasText: text }).first();

  async function addModel(folder: string): Promise<void> {
    await page.getByRole('button', { name: /^Model:/ }).click();
    await page.getByRole('menuitem', { name: /Add a checkpoint folder/ }).click();
    await page.getByRole('dialog').getByLabel('Folder').fill(folder);
    await page.keyboard.press('Enter');
  }

  test('prompts are edited with their seeds, and words without effect are told', async () => {
    await page.keyboard.press('e');
    await page.getByRole('textbox', { name: 'Prompt 1' }).fill('a red zebra cube');
    await page.getByText('The model does not know “zebra”: no effect.').waitFor();
    await page.getByRole('textbox', { name: 'Prompt 1' }).fill(`a red zebra cube${' red'.repeat(40)}`);
    await page.getByText('Too long: CLIP reads the first 30 of its 44 tokens, T5 reads the first 31').waitFor();
    await page.getByRole('textbox', { name: 'Prompt 1' }).fill('a red zebra cube');
    await page.getByRole('button', { name: 'Add a prompt' }).click();
    await page.getByRole('textbox', { name: 'Prompt 2' }).fill('a blue cone');
    await page.getByRole('textbox', { name: 'Seed 2' }).fill('-1');
    await page.getByText('At least 0').waitFor();
    await page.getByRole('textbox', { name: 'Seed 2' }).fill('7');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await saved())?.samples)
      .toEqual([
        { prompt: 'a red zebra cube', seed: 5 },
        { prompt: 'a blue cone', seed: 7 },
      ]);
    await page.getByRole('button', { name: 'Remove prompt 1' }).click();
    await page.keyboard.press('Escape');
    await expect.poll(() => prompts().innerText()).toMatch(/a blue cone\s+seed 7/);
  });

  test('what a checkpoint holds is told part by part', async () => {
    await page.getByRole('button', { name: /^Model:/ }).click();
    await page.getByRole('menuitem', { name: 'About Demo…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Demo' });
    await dialog.getByText('8 blocks, 6 heads × 32').waitFor();
    await dialog.getByText(/million parameters, BF16/).waitFor();
    expect(await dialog.getByRole('row').count()).toBe(8);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [width, height] of [
        [1440, 900],
        [1024, 700],
      ] as const) {
        await page.setViewportSize({ width, height });
        await page.screenshot({ path: `test/report/screens/about-model-${colorScheme}-${width}.png` });
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  test('a size that the model cannot make is refused with those that it can', async () => {
    await page.getByRole('button', { name: /^Sampling/ }).click();
    await page.getByRole('textbox', { name: 'Width' }).fill('250');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch(/multiple of 16 .* 240x256, 256x256/);
    expect((await saved())?.sampling?.width).toBe(256);
    await page.getByRole('button', { name: '512 × 512' }).click();
    await expect.poll(async () => (await saved())?.sampling?.width).toBe(512);
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    await page.getByRole('textbox', { name: 'Width' }).fill('256');
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Height' }).fill('256');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await saved())?.sampling).toEqual(SAMPLING);
    await page.keyboard.press('Escape');
  });

  test('a folder that holds no checkpoint is refused where it was typed', async () => {
    await page.getByRole('button', { name: 'Model: Demo' }).click();
    await page.getByRole('menuitem', { name: /Add a checkpoint folder/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a checkpoint folder' });
    await dialog.getByLabel('Folder').fill(window.library);
    await page.keyboard.press('Enter');
    await expect.poll(() => dialog.getByRole('alert').innerText()).toMatch(/model_index\.json/);
    await page.keyboard.press('Escape');
  });

  test('without a table a picture is made with full attention, while the next job waits its turn', async () => {
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Control+Shift+Enter');
    const dialog = page.getByRole('dialog', { name: 'Calibrate' });
    await dialog.getByLabel(/^Prompts to calibrate on/).fill('');
    await dialog.getByText('At least one prompt is needed').waitFor();
    expect(await dialog.getByRole('button', { name: 'Calibrate' }).isDisabled()).toBe(true);
    await dialog.getByRole('button', { name: 'Those of the top bar' }).click();
    await dialog.getByText('1 prompt × 1 seed = 1 sample', { exact: false }).waitFor();
    await dialog.getByLabel(/^Another window/).fill('64');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.getByRole('button', { name: 'arrow 1/64' }).waitFor();
    await dialog.getByRole('button', { name: 'Calibrate' }).click();
    await toast(/Generate .* is done/).waitFor();
    await toast(/Calibrate .* is done/).waitFor({ timeout: 60_000 });
    const { runs } = await window.workbench.request('runs.list', {});
    expect(runs.map(({ kind, sparsity }) => [kind, sparsity === null])).toEqual([
      ['calibration', false],
      ['generation', true],
    ]);
    await page.getByText('Exact', { exact: true }).waitFor();
  });

  test('a preview is confirmed by a search at its values', async () => {
    const delta = page.getByRole('textbox', { name: 'Error budget, δ, typed' });
    await delta.fill('1.1');
    await delta.press('Enter');
    await page.getByText('Preview', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await toast(/Confirm .* is done|Search .* is done|δ 1.1.* is done/).waitFor({ timeout: 60_000 });
    await page.getByText('Exact', { exact: true }).waitFor();
    expect(await delta.inputValue()).toBe('1.1');
  });

  test('a plan for other steps is asked about before anything is made', async () => {
    await page.getByRole('button', { name: /^Sampling/ }).click();
    await page.getByRole('textbox', { name: 'Steps' }).fill('4');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await saved())?.sampling?.steps).toBe(4);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Generate', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'The open plan does not fit' });
    expect(await dialog.getByText('made for').innerText()).toBe('made for 3, now set to 4');
    await dialog.getByRole('button', { name: 'Generate with 3 steps' }).click();
    await toast(/Generate .* both ways.* is done/).waitFor({ timeout: 60_000 });
    expect((await saved())?.sampling?.steps).toBe(3);
  });

  test('a checkpoint folder is added, opened, and taken off the list', async () => {
    await addModel(path.resolve('demo/checkpoint'));
    await page.getByRole('button', { name: 'Model: checkpoint' }).waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Generate', exact: true }).isEnabled()).toBe(true);
    await page.getByRole('button', { name: 'Model: checkpoint' }).click();
    await page.getByRole('menuitem', { name: 'Take checkpoint off the list' }).click();
    await page.getByRole('button', { name: 'Model: Demo' }).waitFor();
    const { models } = await window.workbench.request('models.list', {});
    expect(models.map(({ name }) => name)).toEqual(['Demo']);
  });

  test('a model that does not open says why, and another can be chosen', async () => {
    const folder = path.join(window.library, '..', 'half a model');
    await mkdir(folder);
    await writeFile(path.join(folder, 'model_index.json'), '{"_class_name":"FluxPipeline"}');
    await addModel(folder);
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch(/^The model cannot be opened: .*half a model/);
    expect(await page.getByRole('button', { name: 'Generate', exact: true }).isEnabled()).toBe(false);
    await page.getByRole('button', { name: 'Model: half a model' }).click();
    await page.getByRole('menuitemradio', { name: /^Demo/ }).click();
    await expect.poll(() => page.getByRole('button', { name: 'Generate', exact: true }).isEnabled()).toBe(true);
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  });

  test('what ended is listed and can be forgotten', async () => {
    await page.getByRole('button', { name: 'Jobs' }).click();
    const jobs = page.getByRole('dialog', { name: 'Jobs' }).getByRole('listitem');
    await expect.poll(() => jobs.count()).toBe(4);
    await jobs
      .first()
      .getByRole('button', { name: /^Forget/ })
      .click();
    await expect.poll(() => jobs.count()).toBe(3);
    expect(window.complaints).toEqual([]);
  });
});
