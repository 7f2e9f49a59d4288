import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addWeights } from '../../../calibration/metrics/lpips/installed-weights.ts';
import type { LpipsNetwork } from '../../../calibration/metrics/lpips/networks.ts';
import { createRun } from '../../../calibration/runs/run.ts';
import { writeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { asLpips, picture, randomWeights } from '../../calibration/metrics/lpips/lpips-weights.ts';
import { CHROMIUM, type RealWindow, startRealWindow } from '../real-window.ts';

const SIDE = 96;

/** What a researcher sees who wants LPIPS, in a real browser over the real host. */
describe.runIf(CHROMIUM !== undefined)('LPIPS in the Compare view', () => {
  let window: RealWindow;
  let page: Page;
  let folder: string;
  const before = process.env.ARROWHEAD_HOME;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-lpips-'));
    // Threads of the host get a copy when they start.
    process.env.ARROWHEAD_HOME = folder;
    window = await startRealWindow();
    const run = await createRun(window.library, 'Pictures');
    await run.writePng('original.png', picture(1, SIDE, SIDE));
    await run.writePng('compressed.png', picture(2, SIDE, SIDE));
    const files = { original: 'original.png', compressed: 'compressed.png' };
    const distances = { identical: false, ssim: 0.01, psnr: 8, mse: 10_000, lpips: null, lpipsPaper: null };
    await run.writeMetrics([{ prompt: 'noise', seed: 1, ...files, ...distances }]);
    await run.update({ status: 'finished' });
    page = await window.open();
    page.setDefaultTimeout(20_000);
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page
      .getByRole('button', { name: /^Pictures/ })
      .first()
      .click();
    await table().waitFor();
  }, 60_000);
  afterAll(async () => {
    await window.close();
    process.env.ARROWHEAD_HOME = before;
    await rm(folder, { recursive: true });
  });

  const table = () => page.getByRole('table', { name: 'Distances from Original' });
  const values = () =>
    table()
      .getByRole('row', { name: /^Compressed/ })
      .getByRole('cell')
      .allInnerTexts();

  async function install(network: LpipsNetwork): Promise<void> {
    const file = path.join(folder, `${network}.safetensors`);
    await writeSafetensors(file, asLpips(network, randomWeights(network)));
    await addWeights(network, [file]);
  }

  test('without weights it says how to add them, with the exact command', async () => {
    await table().getByRole('button', { name: 'add weights…' }).click();
    const hint = page.getByRole('dialog', { name: 'How to add the weights of LPIPS' });
    await hint.getByText('npx arrowhead weights add lpips-alex --download', { exact: true }).waitFor();
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa']).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    await install('alex');
    await hint.getByRole('button', { name: 'Measure again' }).click();
    await expect.poll(async () => Number((await values())[2])).toBeGreaterThan(0);
    const [, , standard, paper] = await values();
    expect(Number(paper)).toBeGreaterThan(0);
    expect(paper).not.toBe(standard);
  });

  test('another network is named wherever its number is, and asks for weights of its own', async () => {
    const alex = (await values())[2];
    const network = () => table().getByRole('combobox', { name: 'Network of LPIPS' });
    expect(await network().innerText()).toBe('AlexNet');
    await network().click();
    await page.getByRole('option', { name: 'SqueezeNet' }).click();
    await table().getByRole('button', { name: 'add weights…' }).click();
    await page.getByText('npx arrowhead weights add lpips-squeeze --download', { exact: true }).waitFor();
    await install('squeeze');
    await page.getByRole('button', { name: 'Measure again' }).click();
    await expect.poll(async () => Number((await values())[2])).toBeGreaterThan(0);
    expect((await values())[2]).not.toBe(alex);
    expect(await network().innerText()).toBe('SqueezeNet');
    expect(window.complaints).toEqual([]);
  });
});
