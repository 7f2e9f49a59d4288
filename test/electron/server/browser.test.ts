import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHROMIUM, launchChromium } from '../../chromium.ts';
import { fakeWorkbench } from '../../renderer/fake-workbench.ts';
import { RawClient, type StartedServer, startServer } from './started-server.ts';

// What the rules for cookies, origins and content really do is up to browsers.
describe.runIf(CHROMIUM !== undefined)('a real browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  async function newPage(): Promise<Page> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    return context.newPage();
  }

  it('enters by the printed address, which then holds no token, and has a cookie that scripts cannot read', async () => {
    const server = await startServer(fakeWorkbench({}));
    const page = await newPage();
    await page.goto(server.url);
    expect(await page.title()).toBe('window');
    expect(page.url()).toBe(`http://127.0.0.1:${server.port}/`);
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    expect(await page.title()).toBe('window');
    expect(await openSocket(page, server)).toBe('open');
  });

  it('enters by a link on a foreign page', async () => {
    const server = await startServer(fakeWorkbench({}));
    const page = await newPage();
    await page.goto(await foreignPage(`<a href="${server.url}">workbench</a>`));
    await page.click('a');
    await expect.poll(() => page.title()).toBe('window');
    expect(page.url()).toBe(`http://127.0.0.1:${server.port}/`);
  });

  it('gives foreign pages nothing, even of one who has entered', async () => {
    const server = await startServer(fakeWorkbench({}));
    const page = await newPage();
    await page.goto(server.url);
    await page.goto(await foreignPage(''));
    expect(await openSocket(page, server)).toBe('refused');
    const origin = `http://127.0.0.1:${server.port}`;
    const fetched = `fetch('${origin}/', { credentials: 'include' }).then(() => 'read', () => 'refused')`;
    expect(await page.evaluate(fetched)).toBe('refused');
    const framed = `new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.onload = () => resolve(frame.contentDocument === null ? 'closed' : 'open');
      frame.src = '${origin}/';
      document.body.append(frame);
    })`;
    expect(await page.evaluate(framed)).toBe('closed');
    expect(page.frames().map((frame) => frame.url())).not.toContain(`${origin}/`);
  });

  it('runs no script that is not a file of the server, and sends nothing elsewhere', async () => {
    const server = await startServer(fakeWorkbench({}));
    const page = await newPage();
    await page.goto(server.url);
    const elsewhere = await foreignPage('');
    const inline = `new Promise((resolve) => {
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);
    })`;
    expect(await page.evaluate(inline)).toBe('script-src-elem');
    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(await page.evaluate(`fetch('${elsewhere}', { mode: 'no-cors' }).then(() => 'sent', () => 'refused')`)).toBe(
      'refused',
    );
  });

  it('is told that the server ends', async () => {
    const server = await startServer(fakeWorkbench({}));
    const page = await newPage();
    await page.goto(server.url);
    const code = page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('ws://127.0.0.1:${server.port}/workbench');
      socket.onopen = () => (document.title = 'connected');
      socket.onclose = ({ code }) => resolve(code);
    })`);
    await expect.poll(() => page.title()).toBe('connected');
    await server.close();
    expect(await code).toBe(1001);
    await expect(RawClient.open(server)).rejects.toThrow();
  });
});

/** Of another site than the server: `localhost` and `127.0.0.1` are two. */
async function foreignPage(body: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end(`<!doctype html><body>${body}</body>`);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
}

function openSocket(page: Page, { port }: StartedServer): Promise<unknown> {
  return page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket('ws://127.0.0.1:${port}/workbench');
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  })`);
}
