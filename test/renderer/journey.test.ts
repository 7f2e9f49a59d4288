import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, type RealWindow, startRealWindow } from './real-window.ts';

const SCREENS = path.resolve('test/report/screens');
const SAMPLING = { steps: 6, guidance: 3.5, width: 256, height: 256 };
const PROMPT = 'a red sphere on the grass';
const VIEWS = ['Heatmaps', 'Attention', 'Compare', 'Sweep'] as const;

/** What a researcher does on the first day, in a real browser over the real engine. */
describe.runIf(CHROMIUM !== undefined)('the whole journey', () => {
  let window: RealWindow;
  let page: Page;
  beforeAll(async () => {
    await mkdir(SCREENS, { recursive: true });
    window = await startRealWindow();
    await window.workbench.request('settings.set', { sampling: SAMPLING, samples: [{ prompt: PROMPT, seed: 3 }] });
    page = await window.open({ acceptDownloads: true });
    page.setDefaultTimeout(20_000);
  });
  afterAll(() => window.close());

  const tab = (name: (typeof VIEWS)[number]) => page.getByRole('tab', { name }).click();
  const sparsity = async () =>
    Number.parseFloat(await page.getByText('Sparsity', { exact: true }).locator('+ dd').innerText());
  const toast = (text: string | RegExp) => page.locator('[data-sonner-toast]').filter({ hasText: text }).first();
  const typedDelta = () => page.getByRole('textbox', { name: 'Error budget, δ, typed' });
  const surface = () => page.getByRole('application', { name: /^Heatmap/ });

  /** Distinct colours on the map's canvas. */
  const paintedColours = () =>
    surface()
      .locator('canvas')
      .evaluate((canvas: HTMLCanvasElement) => {
        // A copy made for reading: the window's own is made for drawing.
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })!;
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
      });

  test('every view teaches while there is nothing', async () => {
    for (const name of VIEWS) {
      await tab(name);
      await page.getByRole('tabpanel').getByRole('heading').first().waitFor();
    }
    await tab('Heatmaps');
    await page.screenshot({ path: path.join(SCREENS, 'first-start.png') });
  });

  test('calibrates the demo, and the sliders come alive', async () => {
    await page.getByRole('button', { name: 'Calibrate…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Calibrate' });
    await dialog.getByLabel('Name of the run').fill('First calibration');
    await page.screenshot({ path: path.join(SCREENS, 'calibrate-dialog.png') });
    await dialog.getByRole('button', { name: 'Calibrate' }).click();
    await page.getByRole('button', { name: 'Cancel the job' }).waitFor();
    await page.getByText('Exact', { exact: true }).waitFor({ timeout: 60_000 });
    await toast(/Calibrate .* is done/).waitFor({ timeout: 60_000 });
    await page.getByRole('region', { name: 'Selected head' }).waitFor();
  });

  test('a larger δ saves more, is a preview, and can be undone', async () => {
    const before = await sparsity();
    await typedDelta().fill('2');
    await typedDelta().press('Enter');
    await page.getByText('Preview', { exact: true }).waitFor();
    await expect.poll(sparsity).toBeGreaterThan(before);
    await page.keyboard.press('Control+z');
    await expect.poll(sparsity).toBe(before);
  });

  test('a method per layer saves less, is remembered, and can be undone', async () => {
    const before = await sparsity();
    const perLayer = page.getByRole('radio', { name: 'Layer', exact: true });
    await perLayer.click();
    await page.getByText('Preview', { exact: true }).waitFor();
    await expect.poll(sparsity).toBeLessThan(before);
    const remembered = () => window.workbench.request('settings.get', {});
    await expect.poll(async () => (await remembered()).granularity).toBe('layer');
    await page.keyboard.press('Control+z');
    await expect.poll(sparsity).toBe(before);
    await expect.poll(() => perLayer.getAttribute('aria-checked')).toBe('false');
    await window.workbench.request('settings.set', { granularity: 'head' });
  });

  test('walks the heatmap by keys and pins a head, which can be undone', async () => {
    await surface().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('PageDown');
    await expect.poll(() => surface().getAttribute('aria-label')).toContain('Step 2 · D1 · head 1');
    await page.keyboard.press('5');
    await page.getByRole('heading', { name: 'Pinned by hand (1)' }).waitFor();
    await expect.poll(() => page.getByText('step 2 · layer 1 · head 1 → cached').count()).toBe(1);
    await page.getByText('Budget used', { exact: true }).last().waitFor();
    await page.keyboard.press('Control+z');
    await expect.poll(() => page.getByRole('heading', { name: /Pinned by hand/ }).count()).toBe(0);
    await page.keyboard.press('Control+Shift+z');
    await page.getByRole('heading', { name: 'Pinned by hand (1)' }).waitFor();
    await surface().focus();
    await page.keyboard.press('Delete');
    await expect.poll(() => page.getByRole('heading', { name: /Pinned by hand/ }).count()).toBe(0);
  });

  test('shows every map, by method and by RSE, and tells of the cell under the pointer', async () => {
    for (const kind of ['Steps × layers', 'Steps × heads', 'Heads × layers']) {
      await page.getByRole('radio', { name: kind }).click();
      await expect.poll(() => paintedColours()).toBeGreaterThan(1);
    }
    await page.getByRole('combobox', { name: 'Colour by' }).click();
    await page.getByRole('option', { name: 'RSE of cached' }).click();
    await surface()
      .getByRole('img', { name: /^Colours from/ })
      .waitFor();
    const box = (await surface().locator('[data-cells]').boundingBox())!;
    await page.mouse.move(box.x + box.width / 16, box.y + box.height / 12);
    await expect.poll(() => page.getByText('Step 2 · D0 · head 0').count()).toBeGreaterThan(0);
    await page.mouse.click(box.x + box.width / 16, box.y + box.height / 12);
    await expect.poll(() => surface().getAttribute('aria-label')).toContain('D0 · head 0');
    await page.mouse.click(box.x + box.width * 0.99, box.y + box.height * 0.99, { button: 'right' });
    await page.getByRole('menu').getByText('Step 2 · S5 · head 5').waitFor();
    await page.getByRole('menuitem', { name: 'Pin full' }).click();
    await page.getByText('step 2 · layer 7 · head 5 → full').waitFor();
    await page.keyboard.press('Control+z');
    await page.getByRole('combobox', { name: 'Colour by' }).click();
    await page.getByRole('option', { name: 'Chosen method', exact: true }).click();
  });

  test('computes the attention of a head, with arrows over it, and follows a clicked token', async () => {
    await tab('Attention');
    const row = page.getByRole('slider', { name: 'Query row of the attention map' });
    await row.waitFor({ timeout: 30_000 });
    await expect.poll(() => page.getByRole('row', { name: /arrow 1\/8/ }).innerText()).toMatch(/\d %/);
    const before = await row.getAttribute('aria-valuetext');
    const picture = page.getByRole('region', { name: 'Where the query looks' }).locator('canvas');
    await picture.click({ position: { x: 5, y: 5 } });
    await expect.poll(() => row.getAttribute('aria-valuetext')).not.toBe(before);
    await expect.poll(() => row.getAttribute('aria-valuetext')).toContain('row 0, column 0');
    await row.press('ArrowDown');
    await expect.poll(() => row.getAttribute('aria-valuetext')).not.toContain('row 0, column 0');
  });

  test('compares original and compressed in every way', async () => {
    await tab('Compare');
    await page.getByRole('rowheader', { name: 'Original (reference)' }).waitFor();
    await expect.poll(() => page.getByRole('row', { name: /^Compressed/ }).innerText()).toMatch(/dB/);
    await page.getByRole('row', { name: /^Compressed .* \d+ % as the scheme says/ }).waitFor();
    for (const mode of ['Slider', 'Blink', 'Difference', 'Side by side']) {
      await page.getByRole('radio', { name: mode }).click();
      await expect.poll(() => page.locator('[data-pane] canvas').count()).toBeGreaterThan(0);
    }
  });

  test('identical pictures have no offset and no difference, to the pixel', async () => {
    const { runs } = await window.workbench.request('runs.list', {});
    const run = runs.find(({ name }) => name === 'First calibration')!;
    await page.getByRole('button', { name: 'Add…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add pictures' });
    await dialog.getByRole('button', { name: /First calibration: original/ }).click();
    await dialog.getByRole('button', { name: 'Done' }).click();
    expect(run.hasTable).toBe(true);
    // The open run's own original stays once: a picture is never on the stage twice.
    await expect.poll(() => page.locator('[data-pane]').count()).toBe(2);
    const drawn = await page.evaluate(() => {
      const canvases = [...document.querySelectorAll<HTMLCanvasElement>('[data-pane] canvas')];
      return canvases.map((canvas) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        const rows: number[] = [];
        for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) rows.push((at - 3) / 4);
        return { first: rows[0], last: rows.at(-1), width: canvas.width };
      });
    });
    expect(drawn[0]!.first).toBeDefined();
    expect(drawn[1]).toEqual(drawn[0]);
  });

  test('sweeps, and a point opens its pictures', async () => {
    await tab('Sweep');
    await page.getByLabel('δ, error budgets').fill('0.1 1');
    await page.getByLabel('c, head constraints').fill('none');
    await page.getByRole('button', { name: 'Sweep 2 points' }).click();
    await toast(/Sweep .* is done/).waitFor({ timeout: 60_000 });
    await expect.poll(() => page.getByRole('button', { name: 'Compare', exact: true }).count()).toBe(2);
    await page.screenshot({ path: path.join(SCREENS, 'sweep-done.png') });
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).last().click();
    await page.getByRole('menuitem', { name: 'Table as CSV' }).click();
    expect((await download).suggestedFilename()).toMatch(/^sweep-.*\.csv$/);
    for (const format of ['PNG', 'SVG']) {
      const plot = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export' }).last().click();
      await page.getByRole('menuitem', { name: `Plot as ${format}` }).click();
      expect((await plot).suggestedFilename()).toMatch(new RegExp(`\\.${format.toLowerCase()}$`));
    }
    await page.getByRole('button', { name: 'Compare', exact: true }).last().click();
    await page.getByRole('rowheader', { name: 'Original (reference)' }).waitFor();
  });

  test('a cancelled job says so, keeps its steps and goes on', async () => {
    await window.workbench.request('settings.set', { sampling: { ...SAMPLING, steps: 20 } });
    await page.getByRole('button', { name: 'Calibrate…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Calibrate' });
    await dialog.getByLabel('Name of the run').fill('To be cancelled');
    await dialog.getByRole('button', { name: 'Calibrate' }).click();
    await page.getByText(/step [3-9] of 20/).waitFor();
    await page.getByRole('button', { name: 'Cancel the job' }).click();
    await toast(/was cancelled/).waitFor();
    await page.reload();
    const resume = page.getByRole('button', { name: 'Resume To be cancelled' });
    await resume.click();
    await toast(/Go on with To be cancelled is done/).waitFor({ timeout: 60_000 });
    await window.workbench.request('settings.set', { sampling: SAMPLING });
  });

  test('a reload brings back what was open', async () => {
    await page
      .getByRole('button', { name: /^First calibration/ })
      .first()
      .click();
    await expect.poll(() => page.getByText('6 steps ×').count()).toBeGreaterThan(0);
    // Settings are saved a moment after the change.
    await page.waitForTimeout(600);
    await page.reload();
    await expect.poll(() => page.getByText('6 steps ×').count()).toBeGreaterThan(0);
    await page.getByText('Exact', { exact: true }).waitFor();
  });

  test('all shortcuts are told by ?', async () => {
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await dialog.getByText('Undo a change of sliders or pins').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.count()).toBe(0);
  });

  describe.each([
    [1440, 900, 'light'],
    [1440, 900, 'dark'],
    [1024, 700, 'light'],
    [1024, 700, 'dark'],
  ] as const)('at %i×%i, %s', (width, height, colorScheme) => {
    let own: Page;
    beforeAll(async () => {
      own = await window.open({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
      await own.getByText('Exact', { exact: true }).waitFor({ timeout: 20_000 });
    });
    afterAll(() => own.context().close());

    test.each(VIEWS)('%s has no accessibility fault and nothing beyond the window', async (name) => {
      await own.getByRole('tab', { name }).click();
      if (name === 'Attention') await own.getByRole('slider', { name: /^Query row/ }).waitFor({ timeout: 30_000 });
      if (name === 'Compare') await own.getByText(/dB/).first().waitFor();
      await own.waitForTimeout(400);
      await own.screenshot({ path: path.join(SCREENS, `${name.toLowerCase()}-${width}-${colorScheme}.png`) });
      const { violations } = await new AxeBuilder({ page: own }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze();
      expect(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`),
      ).toEqual([]);
      const overflow = await own.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    });
  });

  test('the console said nothing, and no policy was broken', () => {
    expect(window.complaints).toEqual([]);
  });
});
