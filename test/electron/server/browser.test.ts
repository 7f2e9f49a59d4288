import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CHROMIUM, launchChromium } from '../../chromium.ts';
import { type FakeWorkbench, fakeWorkbench } from '../../renderer/fake-workbench.ts';
import { buildPages } from '../../renderer/real-window.ts';
import { RawClient, startServer } from './started-server.ts';

// What the rules for storage, origins and content really do is up to browsers.
describe.runIf(CHROMIUM !== undefined)('a real browser', () => {
  let browser: Browser;
  let folder: string;
  let pages: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-browser-'));
    pages = path.join(folder, 'pages');
    await buildPages(pages);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function newPage(): Promise<Page> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    return context.newPage();
  }

  /** The window as it is built, opened by the printed address, with a host that knows nothing. */
  async function openWindow() {
    const host = fakeWorkbench({});
    const server = await startServer(host, { pages });
    const page = await newPage();
    await page.goto(server.url);
    await greeted(host, 1);
    return { server, host, page };
  }

  it('logs in by the printed address, which then holds no token, and again after a reload', async () => {
    const { server, host, page } = await openWindow();
    expect(page.url()).toBe(`http://127.0.0.1:${server.port}/`);
    await page.reload();
    await greeted(host, 2);
  });

  it('logs in by a link on a foreign page', async () => {
    const host = fakeWorkbench({});
    const server = await startServer(host, { pages });
    const page = await newPage();
    await page.goto(await foreignPage(`<a href="${server.url}">workbench</a>`));
    await page.click('a');
    await greeted(host, 1);
    expect(page.url()).toBe(`http://127.0.0.1:${server.port}/`);
  });

  it('says what to do without a token, and after a restart that made another', async () => {
    const { server, page } = await openWindow();
    const other = await page.context().newPage();
    await other.goto(`http://127.0.0.1:${server.port}/`);
    await other.getByRole('heading', { name: 'Open the printed address' }).waitFor();
    await server.close();
    const host = fakeWorkbench({});
    const next = await startServer(host, { pages, port: server.port });
    await page.getByRole('heading', { name: 'Open the printed address' }).waitFor();
    // Only the fragment changes.
    await page.goto(next.url);
    await greeted(host, 1);
  });

  it('sends nothing that is worth anything to another server of this machine', async () => {
    const { server, host, page } = await openWindow();
    const received: string[] = [];
    const spy = createServer((request, response) => {
      received.push(`${request.url} ${JSON.stringify(request.rawHeaders)}`);
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>spy</title>');
    });
    spy.on('upgrade', (request, socket) => {
      received.push(`${request.url} ${JSON.stringify(request.rawHeaders)}`);
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const { port } = await listening(spy);
    // A page of that server in the same tab, what it can ask for, and what it can read.
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.evaluate(`fetch('/asked', { credentials: 'include' }).then(() => {})`);
    await page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('ws://127.0.0.1:${port}/workbench');
      socket.onerror = resolve;
    })`);
    const readable = `JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie, document.referrer])`;
    received.push(String(await page.evaluate(readable)));
    expect(received.length).toBeGreaterThanOrEqual(4);
    expect(await page.context().cookies()).toEqual([]);
    for (const text of received) {
      expect(text).not.toContain(server.token);
      expect(text.toLowerCase()).not.toContain('"cookie"');
    }
    await page.goBack();
    await greeted(host, 2);
  });

  it('gives foreign pages nothing, even of one who has entered', async () => {
    const server = await startServer(fakeWorkbench({}));
    const page = await newPage();
    await page.goto(server.url);
    await page.goto(await foreignPage(''));
    expect(
      await page.evaluate(`new Promise((resolve) => {
        const socket = new WebSocket('ws://127.0.0.1:${server.port}/workbench');
        socket.onopen = () => resolve('open');
        socket.onerror = () => resolve('refused');
      })`),
    ).toBe('refused');
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
      socket.onopen = () => socket.send(${JSON.stringify(JSON.stringify({ token: server.token }))});
      socket.onmessage = () => (document.title = 'connected');
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
  return `http://localhost:${(await listening(server)).port}/`;
}

async function listening(server: Server): Promise<AddressInfo> {
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address() as AddressInfo;
}

/** Until windows have logged in so many times: each asks for `hello` first. */
function greeted(host: FakeWorkbench, times: number): Promise<void> {
  return expect.poll(() => host.asked.filter(({ name }) => name === 'hello').length, { timeout: 10_000 }).toBe(times);
}
