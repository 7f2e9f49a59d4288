import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRun, encodeRseTable } from '../../../calibration/index.ts';
import type { RequestName } from '../../../electron/contract.ts';
import { SYNTHETIC_METHODS, syntheticRse } from '../../fixtures/synthetic-rse.ts';
import { CHROMIUM, type RealWindow, startRealWindow } from '../real-window.ts';

const LAYERS = ['transformer_blocks.0.attn', 'single_transformer_blocks.0.attn'];

describe.runIf(CHROMIUM !== undefined)('the library, in a real browser', () => {
  let window: RealWindow;
  let page: Page;
  /** What windows ask of the host. */
  const asked: RequestName[] = [];
  beforeAll(async () => {
    window = await startRealWindow((host) => ({
      ...host,
      request: (name, params) => {
        asked.push(name);
        return host.request(name, params);
      },
    }));
    page = await window.open({ acceptDownloads: true });
  });
  afterAll(() => window.close());

  const card = (name: string) =>
    page
      .locator('li')
      .filter({ has: page.locator('[data-run]') })
      .filter({ hasText: name });
  const toast = (text: string | RegExp) => page.locator('[data-sonner-toast]').filter({ hasText: text });

  test('teaches while it is empty', async () => {
    await page.getByText('No runs yet').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Calibrate the demo' }).count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Calibrate the demo' }).isEnabled()).toBe(true);
    expect(await page.getByText(window.library).count()).toBe(1);
  });

  test('a table chosen in the file dialog becomes a run that can be tuned', async () => {
    await page.setInputFiles('input[type=file]', {
      name: 'first.safetensors',
      mimeType: 'application/octet-stream',
      buffer: table(1),
    });
    await toast('Imported the RSE table first.safetensors').waitFor();
    await card('first').waitFor();
    await page.getByText('3 steps × 2 layers × 4 heads').waitFor();
  });

  test('a file that is nothing of ours is refused with the reason', async () => {
    await page.setInputFiles('input[type=file]', {
      name: 'odd.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{"a":1}'),
    });
    const refusal = toast('odd.json could not be imported');
    await refusal.waitFor();
    expect(await refusal.innerText()).toMatch(/arrowhead-scheme/);
    await refusal.getByRole('button', { name: 'Close toast' }).click();
  });

  test('files dropped anywhere in the window are imported', async () => {
    const data = await page.evaluateHandle(
      (bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(bytes)], 'second.safetensors'));
        return transfer;
      },
      [...table(2)],
    );
    await page.dispatchEvent('main', 'dragover', { dataTransfer: data });
    await page.getByText(/Drop a scheme/).waitFor();
    await page.dispatchEvent('main', 'drop', { dataTransfer: data });
    await card('second').waitFor();
    await expect.poll(() => page.getByText(/Drop a scheme/).count()).toBe(0);
  });

  test('runs are renamed and tagged by keyboard, and found by what they are called', async () => {
    await card('first').locator('[data-run]').focus();
    await page.keyboard.press('F2');
    await page.getByRole('textbox', { name: 'Name' }).fill('Night study');
    await page.getByRole('textbox', { name: /^Tags/ }).fill('baseline, figure 3');
    await page.keyboard.press('Enter');
    await card('Night study').waitFor();
    await page.getByRole('searchbox').fill('night');
    await expect.poll(() => page.locator('[data-run]').count()).toBe(1);
    await page.getByRole('button', { name: 'Clear the search' }).click();
    await page.getByRole('button', { name: '#baseline', exact: true }).click();
    await expect.poll(() => page.locator('[data-run]').count()).toBe(1);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByText('No run matches').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('[data-run]').count()).toBe(2);
  });

  test('arrows walk the list, which is one stop of Tab', async () => {
    const runs = page.locator('[data-run]');
    await runs.first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await runs.nth(1).evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Home');
    expect(await runs.first().evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await page.locator('[data-run][tabindex="0"]').count()).toBe(1);
  });

  test('a deleted run comes back by Undo', async () => {
    await card('Night study').locator('[data-run]').focus();
    await page.keyboard.press('Delete');
    await expect.poll(() => card('Night study').count()).toBe(0);
    await toast('“Night study” is in the trash').getByRole('button', { name: 'Undo' }).click();
    await card('Night study').waitFor();
  });

  test('schemes are saved from the sliders, compared and exported', async () => {
    await card('second').locator('[data-run]').click();
    await page.getByRole('textbox', { name: 'Error budget, δ, typed' }).fill('3');
    await page.keyboard.press('Enter');
    for (const delta of ['3', '0.01']) {
      await page.getByRole('textbox', { name: 'Error budget, δ, typed' }).fill(delta);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Save scheme…' }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill(`at ${delta}`);
      await page.keyboard.press('Enter');
      await toast(/^Saved /)
        .last()
        .waitFor();
    }
    await page.getByRole('button', { name: 'Compare schemes' }).click();
    const dialog = page.getByRole('dialog', { name: 'Compare schemes' });
    await dialog.getByText(/heads differ|Every head goes by the same method/).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect.poll(() => dialog.count()).toBe(0);
  });

  test('the table that comes out is the table that went in', async () => {
    await card('second').getByRole('button', { name: 'More about second' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export RSE table' }).click(),
    ]);
    expect(await readFile((await download.path())!)).toEqual(table(2));
  });

  test('of hundreds of runs the cards and thumbnails in sight are there, and a change comes alone', async () => {
    const create = { width: 64, height: 64, channels: 3, background: 'teal' } as const;
    const picture = await sharp({ create }).png().toBuffer();
    for (let n = 0; n < 300; n++) {
      // Each older than the one before: a window that is open sees the first few, and no more come into its sight.
      const created = new Date(Date.UTC(2020, 0, 1, -n)).toISOString();
      const run = await createRun(window.library, `Many ${n}`, { created, status: 'finished' });
      await writeFile(path.join(run.folder, 'original.png'), picture);
    }
    const other = await window.open();
    await other.locator('[data-run]').first().waitFor();
    const runs = other.getByRole('list', { name: 'Runs' }).locator('[data-run]');
    await expect.poll(() => other.locator('[data-run] img').count()).toBeGreaterThan(3);
    expect(await runs.count()).toBeLessThan(40);
    expect(asked.filter((name) => name === 'images.get').length).toBeLessThan(40);

    await runs.first().focus();
    await other.keyboard.press('End');
    const last = other.locator('[data-run]:focus');
    await expect.poll(() => last.innerText()).toContain('Many 299');
    expect(await last.evaluate((card) => card.getBoundingClientRect().bottom <= innerHeight)).toBe(true);
    await expect.poll(() => other.locator('[data-run]:focus img').count()).toBe(1);

    asked.length = 0;
    const heard: unknown[] = [];
    const unsubscribe = window.workbench.subscribe(({ event }) => heard.push(event));
    const { runs: all } = await window.workbench.request('runs.list', {});
    await window.workbench.request('runs.rename', { run: all.at(-1)!.id, name: 'The oldest of all' });
    await expect.poll(() => last.innerText()).toContain('The oldest of all');
    unsubscribe();
    expect(heard).toEqual(['runs.changed']);
    expect(asked).toEqual([]);
    await other.close();
  });

  test('is accessible in light and dark, and the console has nothing to complain about', async () => {
    expect(await axeViolations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await axeViolations(page)).toEqual([]);
    expect(window.complaints).toEqual([]);
  });
});

/** A small table as a program without our metadata would write it. */
function table(seed: number): Buffer {
  const size = { steps: 3, layers: LAYERS.length, heads: 4 };
  const layout = { text: 8, image: 64, order: 'text-first' } as const;
  return Buffer.from(
    encodeRseTable({
      methods: [...SYNTHETIC_METHODS],
      layers: LAYERS,
      steps: size.steps,
      heads: size.heads,
      rse: syntheticRse(size, seed),
      model: { family: 'flux', name: 'synthetic', fingerprint: 'sha256:synthetic' },
      sampling: {
        scheduler: 'FlowMatchEulerDiscreteScheduler',
        ...{ steps: size.steps, guidance: 3.5, width: 128, height: 128 },
        ...{ textTokens: layout.text, imageTokens: layout.image, tokenOrder: layout.order },
        ...{ block: [8, 8], headDim: 32, layouts: LAYERS.map(() => layout) },
      },
      search: {
        ...{ delta: 0.4, headConstraint: null, candidates: SYNTHETIC_METHODS.slice(1), prompts: ['a'], seeds: [0] },
        ...{ cost: 'flops', device: 'none' },
      },
    }),
  );
}

/** What axe finds wrong by WCAG A and AA, in a sentence each. */
async function axeViolations(page: Page): Promise<string[]> {
  // Colours of elements under way would be measured between light and dark.
  await page.waitForTimeout(300);
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    .analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}
