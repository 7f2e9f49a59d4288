import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkbenchHost } from '../../../electron/host/workbench-host.ts';
import { CHROMIUM, type RealWindow, startRealWindow } from '../real-window.ts';

const CARD = { id: 'cuda:0', kind: 'cuda', name: 'NVIDIA H200', computeDtype: 'bf16', memoryBytes: 150e9 } as const;

/** A host whose machine has a card; what is asked of it is remembered, not run. */
function withCard(host: WorkbenchHost, wishes: unknown[]): WorkbenchHost {
  const request = async (name: string, params: unknown) => {
    if (name === 'settings.set') wishes.push(params);
    const reply = await host.request(name as 'device', params as Record<string, never>);
    return name === 'device' ? { ...reply, devices: [CARD, ...reply.devices] } : reply;
  };
  return new Proxy(host, { get: (target, key) => (key === 'request' ? request : Reflect.get(target, key)) });
}

describe.runIf(CHROMIUM !== undefined)('a machine with a card, in a real browser', () => {
  const wishes: unknown[] = [];
  let window: RealWindow;
  let page: Page;
  beforeAll(async () => {
    window = await startRealWindow((host) => withCard(host, wishes));
    page = await window.open();
    page.setDefaultTimeout(20_000);
  });
  afterAll(() => window.close());

  test('the card is used first, and another way to run is chosen and kept', async () => {
    const status = page.getByRole('button', { name: /^Device:/ });
    await expect.poll(() => status.innerText()).toMatch(/NVIDIA H200/);
    await status.click();
    await page.getByText('CUDA, computes in bf16').waitFor();
    const choice = page.getByRole('combobox', { name: 'Run on' });
    await choice.click();
    expect(await page.getByRole('option').allInnerTexts()).toEqual([
      'The first card',
      'NVIDIA H200',
      'NVIDIA H200, fp8 projections',
      'NVIDIA H200, weights in host memory',
      'NVIDIA H200, fp8, weights in host memory',
      'Processor',
    ]);
    await page.screenshot({ path: 'test/report/screens/device-choice.png' });
    await page.getByRole('option', { name: 'NVIDIA H200, fp8 projections' }).click();
    await expect.poll(() => wishes).toContainEqual({ device: 'cuda:0+fp8' });
    expect((await window.workbench.request('settings.get', {})).device).toBe('cuda:0+fp8');
    await choice.click();
    await page.getByRole('option', { name: 'Processor' }).click();
    await expect.poll(() => status.innerText()).not.toMatch(/NVIDIA/);
    await expect.poll(() => wishes.at(-1)).toEqual({ device: 'cpu' });
    expect(window.complaints).toEqual([]);
  });
});
