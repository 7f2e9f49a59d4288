import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const SMALL = { steps: 4, guidance: 3.5, width: 128, height: 128 };

/** What a window's own bridge or the server's page lets a test say to the host. */
export type Ask = (name: string, params: object) => Promise<unknown>;

/** The bridge of Electron's preload script, from inside the page. */
export const askByBridge =
  (page: Page): Ask =>
  async (name, params) => {
    const answer = await page.evaluate(
      ([request, values]) =>
        (
          globalThis as unknown as { arrowhead: { request(name: string, params: object): Promise<object> } }
        ).arrowhead.request(request, values),
      [name, params] as const,
    );
    if ('error' in answer) throw new Error(JSON.stringify(answer.error));
    return (answer as { readonly reply: unknown }).reply;
  };

const sparsity = async (page: Page) =>
  Number.parseFloat(await page.getByText('Sparsity', { exact: true }).locator('+ dd').innerText());
const delta = (page: Page) => page.getByRole('textbox', { name: 'Error budget, δ, typed' });
const toast = (page: Page, text: RegExp) => page.locator('[data-sonner-toast]').filter({ hasText: text }).first();

/** The first day with the workbench, as far as a slow machine does it in a minute: calibrate, slide, generate, export. */
export async function firstJourney(page: Page, ask: Ask): Promise<void> {
  await page.getByRole('tab', { name: 'Heatmaps' }).waitFor({ timeout: 60_000 });
  await ask('settings.set', { sampling: SMALL, samples: [{ prompt: 'a red sphere on the grass', seed: 3 }] });

  await page.getByRole('button', { name: 'Calibrate…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Calibrate' });
  await dialog.getByLabel('Name of the run').fill('First calibration');
  await dialog.getByRole('button', { name: 'Calibrate' }).click();
  await toast(page, /Calibrate .* is done/).waitFor({ timeout: 180_000 });
  await page.getByText('Exact', { exact: true }).waitFor({ timeout: 30_000 });

  const before = await sparsity(page);
  await delta(page).fill('2');
  await delta(page).press('Enter');
  await page.getByText('Preview', { exact: true }).waitFor();
  await expect.poll(() => sparsity(page)).toBeGreaterThan(before);

  await page.getByRole('button', { name: 'Generate', exact: true }).first().click();
  await toast(page, /Generate .* is done/).waitFor({ timeout: 180_000 });

  const { runs } = (await ask('runs.list', {})) as {
    readonly runs: readonly { readonly id: string; readonly name: string }[];
  };
  const run = runs.find(({ name }) => name === 'First calibration')!.id;
  const settings = { run, delta: 2, headConstraint: null, candidates: null, pins: [], cost: 'flops' };
  const { scheme } = (await ask('calibration.saveScheme', { ...settings, name: 'two' })) as { readonly scheme: string };
  const exported = (await ask('schemes.export', { plan: { kind: 'scheme', run, scheme } })) as {
    readonly fileName: string;
  };
  expect(exported.fileName).toMatch(/\.scheme\.json$/);
}

/** After the program was ended and started again. */
export async function everythingIsRemembered(page: Page, ask: Ask): Promise<void> {
  await page.getByText('4 steps ×').first().waitFor({ timeout: 60_000 });
  await page
    .getByRole('button', { name: /^First calibration/ })
    .first()
    .waitFor();
  // Pictures of the generation, and the exported scheme in its run.
  const { runs } = (await ask('runs.list', {})) as {
    readonly runs: readonly { readonly id: string; readonly name: string }[];
  };
  expect(runs).toHaveLength(2);
  const run = runs.find(({ name }) => name === 'First calibration')!.id;
  expect(JSON.stringify(await ask('runs.open', { run }))).toContain('two.scheme.json');
  const { sampling } = (await ask('settings.get', {})) as { readonly sampling: object };
  expect(sampling).toMatchObject(SMALL);
}
