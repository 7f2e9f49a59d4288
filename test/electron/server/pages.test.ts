import { describe, expect, it } from 'vitest';
import { fakeWorkbench } from '../../renderer/fake-workbench.ts';
import { ask, startServer } from './started-server.ts';

const workbench = () => fakeWorkbench({});

describe('pages', () => {
  it('are the same for everyone, and there are no cookies, which browsers would send to every port', async () => {
    const server = await startServer(workbench());
    for (const headers of [{}, { cookie: 'arrowhead=x' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await ask(server, '/?whatever', headers as Record<string, string>);
      expect(answer.status).toBe(200);
      expect(answer.body).toContain('<title>window</title>');
      expect(answer.body).not.toContain(server.token);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });

  it('come by an address whose token no browser sends', async () => {
    const server = await startServer(workbench());
    const { pathname, search, hash } = new URL(server.url);
    expect([pathname, search]).toEqual(['/', '']);
    expect(hash).toMatch(/^#token=[\w-]{43}$/);
  });

  it('sends security headers with every answer', async () => {
    const server = await startServer(workbench());
    for (const answer of [await ask(server, '/'), await ask(server, '/none')]) {
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
    const script = await ask(server, '/assets/app-1a2b.js');
    expect(script.headers['content-type']).toMatch(/^text\/javascript/);
    expect(script.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    expect((await ask(server, '/')).headers['cache-control']).toBe('private, no-cache');
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
    expect((await ask(server, '/', { host })).status).toBe(status);
  });

  it('answers to names and addresses where others may come in, but to no strangers', async () => {
    const server = await startServer(workbench(), { host: '0.0.0.0' });
    const { hostname } = await import('node:os');
    for (const host of [hostname(), '192.168.1.2:7433', '[fe80::1]', 'localhost'])
      expect((await ask(server, '/', { host })).status).toBe(200);
    expect((await ask(server, '/', { host: 'evil.example' })).status).toBe(403);
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
    expect((await ask(server, '/', { origin })).status).toBe(403);
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
    const answer = await ask(server, path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toContain('SECRET');
    expect(answer.body).not.toContain(server.folder);
  });

  it('are only read', async () => {
    const server = await startServer(workbench());
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])
      expect((await ask(server, '/', {}, method)).status).toBe(405);
    expect((await ask(server, '/', {}, 'POST')).headers.allow).toBe('GET, HEAD');
    expect(await ask(server, '/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  it('may be asked in odd ranges', async () => {
    const server = await startServer(workbench());
    for (const range of ['bytes=9-2', 'bytes=-', 'bytes=1e99-', 'x', 'bytes=999999-'])
      expect([200, 206, 416, 400]).toContain((await ask(server, '/assets/app-1a2b.js', { range })).status);
    expect((await ask(server, '/')).status).toBe(200);
  });

  it('say how to build the window where it is missing', async () => {
    const server = await startServer(workbench(), { built: false });
    const answer = await ask(server, '/');
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('npm run build:renderer');
  });
});
