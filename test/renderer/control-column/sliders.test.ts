import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeRseTable } from '../../../calibration/index.ts';
import { fluxTable } from '../../fixtures/flux-table.ts';
import { CHROMIUM, type RealWindow, startRealWindow, writeReport } from '../real-window.ts';

const MOVES = 60;

describe.runIf(CHROMIUM !== undefined)('sliders over a table of FLUX size, in a real browser', () => {
  let window: RealWindow;
  let page: Page;
  beforeAll(async () => {
    window = await startRealWindow();
    const data = new Uint8Array(encodeRseTable(fluxTable()));
    const { run } = await window.workbench.request('runs.import', { fileName: 'rse.safetensors', data });
    await window.workbench.request('settings.set', { openRun: run });
    page = await window.open();
    await page.getByTestId('live-numbers').waitFor();
  });
  afterAll(() => window.close());

  const delta = () => page.getByRole('slider', { name: 'Error budget, δ' });
  const typedDelta = () => page.getByRole('textbox', { name: 'Error budget, δ, typed' });
  const typedConstraint = () => page.getByRole('textbox', { name: 'Head constraint, c, typed' });
  const sparsity = async () =>
    Number.parseFloat(await page.getByText('Sparsity', { exact: true }).locator('+ dd').innerText());

  test('a move repaints what the plan saves: latency is reported', async ({ annotate }) => {
    await typedDelta().fill('0.02');
    await typedDelta().press('Enter');
    const latencies = await measureMoves(page, delta());
    expect(latencies).toHaveLength(MOVES);
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (share: number) => Number(sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1));
    const report = { medianMs: at(0.5), p95Ms: at(0.95), mostMs: at(1), moves: MOVES };
    await writeReport('slider-latency', report);
    await annotate(`50×57×24, from key to painted numbers: ${JSON.stringify(report)}`);
  });

  test('a larger budget saves more, and beyond its marks nothing changes', async () => {
    await setBound(typedConstraint(), 'none');
    await setBound(typedDelta(), '0');
    await expect.poll(() => page.getByText(/Every head stays full below/).count()).toBe(1);
    await expect.poll(sparsity).toBe(0);
    await setBound(typedDelta(), '0.3');
    await expect.poll(sparsity).toBeGreaterThan(20);
    const some = await sparsity();
    await setBound(typedDelta(), '100000');
    await expect.poll(() => page.getByText(/Does not bind/).count()).toBe(1);
    // The mark is there at once, the plan when it is solved.
    await expect.poll(sparsity).toBeGreaterThan(some);
    const most = await sparsity();
    await setBound(typedDelta(), '200000');
    await expect.poll(sparsity).toBe(most);
  });

  test('the head constraint says what it amounts to', async () => {
    await setBound(typedDelta(), '0.4');
    await setBound(typedConstraint(), '0.6');
    await expect.poll(() => page.getByText('Each head by itself, RSE at most 0.01').count()).toBe(1);
    await setBound(typedConstraint(), '24');
    await expect.poll(() => page.getByText('Does not bind from 24 on: as none').count()).toBe(1);
    await page.getByRole('slider', { name: 'Head constraint, c' }).press('End');
    await expect.poll(() => typedConstraint().inputValue()).toBe('none');
    await typedConstraint().fill('-3');
    expect(await page.getByRole('alert').innerText()).toBe('At least 0');
    await typedConstraint().press('Escape');
    expect(await typedConstraint().inputValue()).toBe('none');
  });

  test('undo and redo walk through moves; reset goes back to the search', async () => {
    await page.getByRole('button', { name: 'Back to the values of the search' }).click();
    await expect.poll(() => typedDelta().inputValue()).toBe('0.4');
    await delta().press('ArrowRight');
    await expect.poll(async () => Number(await typedDelta().inputValue())).toBeGreaterThan(0.4);
    const moved = await typedDelta().inputValue();
    await page.keyboard.press('Control+z');
    await expect.poll(() => typedDelta().inputValue()).toBe('0.4');
    await page.keyboard.press('Control+Shift+z');
    await expect.poll(() => typedDelta().inputValue()).toBe(moved);
    await page.getByText('Preview', { exact: true }).waitFor();
  });

  test('a drag by mouse is undone as one', async () => {
    await page.getByRole('button', { name: 'Back to the values of the search' }).click();
    await expect.poll(() => typedDelta().inputValue()).toBe('0.4');
    const thumb = (await delta().boundingBox())!;
    const [x, y] = [thumb.x + thumb.width / 2, thumb.y + thumb.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let move = 1; move <= 30; move += 1) await page.mouse.move(x - 2 * move, y);
    await page.mouse.up();
    await expect.poll(async () => Number(await typedDelta().inputValue())).toBeLessThan(0.1);
    await page.keyboard.press('Control+z');
    await expect.poll(() => typedDelta().inputValue()).toBe('0.4');
  });

  test('a move touches nothing but what shows the plan', async () => {
    await page.evaluate(() => {
      const touched: string[] = [];
      Object.assign(globalThis, { touched });
      const observer = new MutationObserver((records) => touched.push(...records.map(({ type }) => type)));
      const library = [...document.querySelectorAll('section')].find((place) => place.innerText.startsWith('Library'))!;
      for (const place of [library, document.querySelector('[role="tablist"]')!])
        observer.observe(place, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    const before = await typedDelta().inputValue();
    await delta().press('ArrowRight');
    await expect.poll(() => typedDelta().inputValue()).not.toBe(before);
    await delta().press('ArrowRight');
    await page.getByText('Preview', { exact: true }).waitFor();
    expect(await page.evaluate(() => (globalThis as unknown as { touched: string[] }).touched)).toEqual([]);
  });

  test('undo in a text field undoes text, and nothing happens behind a dialog', async () => {
    const before = await typedDelta().inputValue();
    const search = page.getByRole('searchbox');
    await search.pressSequentially('abc');
    await page.keyboard.press('Control+z');
    await expect.poll(() => search.inputValue()).not.toBe('abc');
    await search.fill('');
    await page.getByRole('button', { name: 'Save scheme…' }).click();
    const name = page.getByRole('dialog').getByRole('textbox', { name: 'Name' });
    await name.press('Control+z');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).press('Control+z');
    await page.keyboard.press('Escape');
    expect(await typedDelta().inputValue()).toBe(before);
    // A value that took effect is undone from its own field too.
    await setBound(typedDelta(), '0.77');
    await page.keyboard.press('Control+z');
    await expect.poll(() => typedDelta().inputValue()).toBe(before);
  });

  test('the console has nothing to complain about', () => {
    expect(window.complaints).toEqual([]);
  });
});

type Field = ReturnType<Page['getByRole']>;

async function setBound(field: Field, text: string): Promise<void> {
  await field.fill(text);
  await field.press('Enter');
}

/** For each move by a key: milliseconds from the key until the numbers that follow from it were painted. */
async function measureMoves(page: Page, slider: Field): Promise<number[]> {
  await slider.focus();
  await page.evaluate(() => {
    const live = document.querySelector('[data-testid="live-numbers"]')!;
    const state = { pressed: 0, latencies: [] as number[] };
    Object.assign(globalThis, { moves: state });
    addEventListener('keydown', (event) => (state.pressed = event.timeStamp), true);
    new MutationObserver(() => {
      const { pressed } = state;
      if (pressed === 0) return;
      state.pressed = 0;
      // The frame that shows it has been handed on when a task behind it runs.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => state.latencies.push(performance.now() - pressed);
        port2.postMessage(null);
      });
    }).observe(live, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  for (let move = 1; move <= MOVES; move += 1) {
    await slider.press('ArrowRight');
    await page.waitForFunction(
      (count) => (globalThis as unknown as { moves: { latencies: number[] } }).moves.latencies.length >= count,
      move,
    );
  }
  return page.evaluate(() => (globalThis as unknown as { moves: { latencies: number[] } }).moves.latencies);
}
