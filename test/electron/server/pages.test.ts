import { describe, expect, it } from 'vitest';
import { fakeWorkbench } from '../../renderer/fake-workbench.ts';
import { ask, enter, startServer } from './started-server.ts';

const workbench = () => fakeWorkbench({});

describe('access to pages', () => {
  it('takes the token out of the address and into a cookie that only the server reads', async () => {
    const server = await startServer(workbench());
    const first = await ask(server, `/?token=${server.token}`);
    expect(first.status).toBe(303);
    expect(first.headers.location).toBe('/');
    const [cookie] = first.headers['set-cookie']!;
    expect(cookie).toMatch(/^arrowhead-[0-9a-f]{12}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(server.token);
    const page = await ask(server, '/', { cookie: cookie!.split(';')[0]! });
    expect(page.status).toBe(200);
    expect(page.body).toContain('<title>window</title>');
  });

  it('goes on from a link on a foreign page by itself, because a redirect would come without the cookie', async () => {
    const server = await startServer(workbench());
    const first = await ask(server, `/?token=${server.token}`, { 'sec-fetch-site': 'cross-site' });
    expect(first.status).toBe(200);
    expect(first.headers.refresh).toBe('0; url=/');
    expect((await ask(server, '/', { cookie: first.headers['set-cookie']![0]!.split(';')[0]! })).status).toBe(200);
  });

  it('needs the token or the cookie, whole', async () => {
    const server = await startServer(workbench());
    const cookie = await enter(server);
    const other = await startServer(workbench());
    for (const path of [
      '/',
      '/?token=',
      `/?token=${server.token.slice(1)}`,
      `/?token=${other.token}`,
      '/assets/app-1a2b.js',
    ])
      expect((await ask(server, path)).status).toBe(401);
    for (const wrong of [cookie.slice(0, -1), `${cookie.split('=')[0]}=`, await enter(other), `x${cookie}`])
      expect((await ask(server, '/', { cookie: wrong })).status).toBe(401);
    expect((await ask(server, '/', { cookie: `a=b; ${cookie}; c` })).status).toBe(200);
    const refused = await ask(server, '/');
    expect(refused.body).toContain('arrowhead serve printed an address');
    expect(refused.headers['set-cookie']).toBeUndefined();
  });

  it('sends security headers with every answer', async () => {
    const server = await startServer(workbench());
    const cookie = await enter(server);
    for (const answer of [
      await ask(server, '/'),
      await ask(server, '/', { cookie }),
      await ask(server, '/none', { cookie }),
    ]) {
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
      expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      expect(answer.headers['referrer-policy']).toBe('no-referrer');
      expect(answer.headers['cross-origin-opener-policy']).toBe('same-origin');
      expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin');
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('keeps hashed files for ever and asks anew for the page', async () => {
    const server = await startServer(workbench());
    const cookie = await enter(server);
    const script = await ask(server, '/assets/app-1a2b.js', { cookie });
    expect(script.headers['content-type']).toMatch(/^text\/javascript/);
    expect(script.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    expect((await ask(server, '/', { cookie })).headers['cache-control']).toBe('private, no-cache');
  });
});

describe('hosts and origins', () => {
  it.each([
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example', 403],
    ['192.168.1.2', 403],
    ['localhost@evil.example', 403],
    ['evil.example#localhost', 403],
    ['%', 403],
    ['localhost:9999', 200],
    ['LOCALHOST', 200],
    ['[::1]:80', 200],
    ['127.0.0.1', 200],
  ])('answers requests to the host %j with %i', async (host, status) => {
    const server = await startServer(workbench());
    expect((await ask(server, '/', { host, cookie: await enter(server) })).status).toBe(status);
  });

  it('answers to names and addresses where others may come in, but to no strangers', async () => {
    const server = await startServer(workbench(), { host: '0.0.0.0' });
    const { hostname } = await import('node:os');
    const cookie = await enter(server);
    for (const host of [hostname(), '192.168.1.2:7433', '[fe80::1]', 'localhost'])
      expect((await ask(server, '/', { host, cookie })).status).toBe(200);
    expect((await ask(server, '/', { host: 'evil.example', cookie })).status).toBe(403);
  });

  it.each([
    'http://evil.example',
    'null',
    'https://127.0.0.1:1',
    'http://localhost',
    'file://',
    'http://127.0.0.1.evil.example',
  ])('refuses the origin %s', async (origin) => {
    const server = await startServer(workbench());
    expect((await ask(server, '/', { origin, cookie: await enter(server) })).status).toBe(403);
    expect((await ask(server, `/?token=${server.token}`, { origin })).headers['set-cookie']).toBeUndefined();
  });
});

describe('paths', () => {
  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/%252e%252e%252fsecret.txt',
    '/%c0%ae%c0%ae/secret.txt',
    '/....//secret.txt',
    '//secret.txt',
    '/.hidden',
    '/%2ehidden',
    '/assets/%00',
    '/index.html%00.js',
    '/%',
    '/assets',
    '/assets/',
    '/etc/passwd',
    '//etc/passwd',
    'http://127.0.0.1/../secret.txt',
    '*',
  ])('%s leads nowhere', async (path) => {
    const server = await startServer(workbench());
    const answer = await ask(server, path, { cookie: await enter(server) });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toContain('SECRET');
    expect(answer.body).not.toContain(server.folder);
  });

  it('are only read', async () => {
    const server = await startServer(workbench());
    const cookie = await enter(server);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])
      expect((await ask(server, '/', { cookie }, method)).status).toBe(405);
    expect((await ask(server, '/', { cookie }, 'POST')).headers.allow).toBe('GET, HEAD');
    expect(await ask(server, '/', { cookie }, 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  it('may be asked in odd ranges', async () => {
    const server = await startServer(workbench());
    const cookie = await enter(server);
    for (const range of ['bytes=9-2', 'bytes=-', 'bytes=1e99-', 'x', 'bytes=999999-'])
      expect([200, 206, 416, 400]).toContain((await ask(server, '/assets/app-1a2b.js', { cookie, range })).status);
    expect((await ask(server, '/', { cookie })).status).toBe(200);
  });

  it('say how to build the window where it is missing', async () => {
    const server = await startServer(workbench(), { built: false });
    const answer = await ask(server, '/', { cookie: await enter(server) });
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('npm run build:renderer');
  });
});
