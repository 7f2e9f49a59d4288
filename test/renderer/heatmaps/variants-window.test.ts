import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSd35Folder } from '../../fixtures/pipeline-folders.ts';
import { CHROMIUM, type RealWindow, startRealWindow } from '../real-window.ts';

const SCREENS = path.resolve('test/report/screens');
/** 64 image tokens: few, but enough for a plan of every kind. */
const SAMPLING = { steps: 4, guidance: 1, width: 128, height: 128 };
const CANDIDATES = [
  'arrow/8',
  'arrow/16',
  'arrow/8+residual',
  'arrow/16+residual',
  'cfg',
  'cfg+arrow/8',
  'cfg+arrow/16',
  'cached',
];

describe.runIf(CHROMIUM !== undefined)('residual and CFG sharing, over a small SD3.5 in a real browser', () => {
  let window: RealWindow;
  let page: Page;
  let folder: string;
  beforeAll(async () => {
    await mkdir(SCREENS, { recursive: true });
    folder = path.join(await mkdtemp(path.join(tmpdir(), 'arrowhead-variants-')), 'SD3.5 in small');
    await writeSd35Folder(folder);
    window = await startRealWindow();
    const { id } = await window.workbench.request('models.add', { folder });
    const samples = [{ prompt: 'a large red sphere left of a small blue cube', seed: 5 }];
    await window.workbench.request('settings.set', { model: id, sampling: SAMPLING, samples });
    page = await window.open();
    page.setDefaultTimeout(20_000);
    await page.getByRole('button', { name: 'Generate', exact: true }).waitFor();
  }, 60_000);
  afterAll(async () => {
    await window.close();
    await rm(path.dirname(folder), { recursive: true });
  });

  const dialog = () => page.getByRole('dialog', { name: 'Calibrate' });
  const option = (name: string) => dialog().getByRole('button', { name, exact: true });
  const surface = () => page.getByRole('application', { name: /^Heatmap/ });
  const inspector = () => page.getByRole('region', { name: 'Selected head' });
  const setGuidance = (guidance: number) =>
    window.workbench.request('settings.set', { sampling: { ...SAMPLING, guidance } });

  /** Screenshots in both sizes and themes, each without an accessibility fault. */
  async function inspect(name: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const [width, height] of [
        [1440, 900],
        [1024, 700],
      ] as const) {
        await page.setViewportSize({ width, height });
        await page.waitForTimeout(200);
        await page.screenshot({ path: path.join(SCREENS, `${name}-${width}-${colorScheme}.png`) });
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      }
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160))}`)).toEqual([]);
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1440, height: 900 });
  }

  /** Pixels of a cell on the canvas of marks that are drawn on. */
  const marksOf = (column: number, row: number) =>
    surface()
      .locator('canvas[data-marks]')
      .evaluate(
        (canvas: HTMLCanvasElement, { x, y }) => {
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })!;
          copy.drawImage(canvas, 0, 0);
          const [width, height] = [canvas.width / 3, canvas.height / 2];
          const { data } = copy.getImageData(x * width, y * height, width, height);
          return data.filter((value, at) => at % 4 === 3 && value > 0).length / (width * height);
        },
        { x: column, y: row },
      );

  test('sharing between the halves of guidance is not offered where there is none, and says why', async () => {
    await page.getByRole('button', { name: 'Calibrate…' }).click();
    await option('Every window CFG shared').focus();
    await page.getByRole('tooltip').filter({ hasText: 'begins above 1, and guidance is 1' }).waitFor();
    await option('Every window CFG shared').press('Enter');
    await option('CFG shared full attention').press('Enter');
    expect(await option('CFG shared full attention').getAttribute('aria-pressed')).toBe('false');
    await dialog().getByText('4 candidates for every head').waitFor();
    await inspect('variants-unguided');
    await dialog().getByRole('button', { name: 'Cancel' }).click();
  });

  test('windows are chosen once, then what each of them is offered as', async () => {
    await setGuidance(5);
    await page.reload();
    await page.getByRole('button', { name: 'Calibrate…' }).click();
    await option('arrow 1/32').click();
    await option('Every window + residual').click();
    await option('Every window CFG shared').click();
    await option('CFG shared full attention').click();
    await dialog().getByText('8 candidates for every head').waitFor();
    await inspect('variants-calibrate');
    await dialog().getByRole('button', { name: 'Calibrate', exact: true }).click();
    await page.getByText('Exact', { exact: true }).waitFor({ timeout: 60_000 });
    await page.locator('[data-sonner-toast]').filter({ hasText: 'is done' }).first().waitFor({ timeout: 60_000 });
    const { runs } = await window.workbench.request('runs.list', {});
    const { search } = await window.workbench.request('runs.open', { run: runs[0]!.id });
    expect(search?.candidates).toEqual(CANDIDATES);
    expect((await window.workbench.request('settings.get', {})).candidates).toEqual(CANDIDATES);
  });

  test('the legend names every family, and the heatmap marks what is shared or added', async () => {
    const legend = page.getByRole('list', { name: 'Legend' }).getByRole('listitem');
    expect((await legend.allInnerTexts()).map((text) => text.split(/\s*\n\s*/).join(' '))).toEqual([
      'full',
      'Arrow 1/8 1/16',
      'Arrow + residual 1/8 1/16',
      'CFG shared full 1/8 1/16',
      'cached',
      'pinned by hand',
    ]);
    await surface().focus();
    await page.keyboard.press('PageDown');
    const pin = async (name: string, drawn: readonly [number, number]) => {
      await inspector().getByRole('button', { name, exact: true }).click();
      await page
        .getByRole('button', { name: /^Unpin / })
        .first()
        .waitFor();
      await expect.poll(() => marksOf(0, 0)).toBeGreaterThanOrEqual(drawn[0]);
      expect(await marksOf(0, 0)).toBeLessThanOrEqual(drawn[1]);
    };
    await pin('arrow 1/8', [0, 0]);
    await pin('CFG shared', [0.45, 0.55]);
    await pin('CFG shared arrow 1/16', [0.45, 0.55]);
    await pin('arrow 1/16 + residual', [0.001, 0.1]);
    await page.getByText('step 2 · layer 0 · head 0 → arrow 1/16 + residual').waitFor();
    await page.keyboard.press('Escape');
    await inspect('variants-heatmaps');
  });

  test('tells a cell under the pointer by window and family, and its RSE by any method', async () => {
    const box = (await surface().locator('[data-cells]').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 4);
    await expect.poll(() => surface().getByText('CFG shared', { exact: true }).count()).toBe(1);
    await page.getByRole('combobox', { name: 'Colour by' }).click();
    await page.getByRole('option', { name: 'RSE of CFG shared arrow 1/8' }).click();
    await surface()
      .getByRole('img', { name: /^Colours from/ })
      .waitFor();
    expect(await surface().locator('canvas[data-marks]').count()).toBe(0);
  });

  test('candidates stay readable by family, and each can be left out', async () => {
    const candidates = page.getByRole('toolbar', { name: 'Candidates' });
    const residual = candidates.getByRole('group', { name: 'Arrow + residual' });
    expect(await residual.getByRole('button').count()).toBe(2);
    await residual.getByRole('button', { name: 'arrow 1/8 + residual' }).click();
    await page.getByText('Preview', { exact: true }).waitFor();
    await page.keyboard.press('Control+z');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Exact', { exact: true }).waitFor();
  });

  test('a window is drawn over the attention map once, whatever it is used for', async () => {
    await page.getByRole('tab', { name: 'Attention' }).click();
    await page.getByRole('slider', { name: 'Query row of the attention map' }).waitFor({ timeout: 30_000 });
    const rows = page.getByRole('table', { name: 'Arrow windows over this map' }).getByRole('button');
    await expect.poll(() => rows.allInnerTexts()).toEqual(['arrow 1/8', 'arrow 1/16']);
    await inspect('variants-attention');
    expect(window.complaints).toEqual([]);
  });
});
