import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import send from 'send';
import type { KnownHosts } from './known-hosts.ts';
import { PAGES, type PlainPage, sendPage } from './plain-page.ts';
import { setSecurityHeaders } from './security-headers.ts';
import type { TokenAccess } from './token-access.ts';

export interface PageOptions {
  /** The built renderer. */
  readonly folder: string;
  readonly access: TokenAccess;
  readonly hosts: KnownHosts;
}

const HASHED_FILES = '/assets/';

/** Answers one HTTP request: the window's files, for those who have access. */
export function servePage(request: IncomingMessage, response: ServerResponse, options: PageOptions): void {
  setSecurityHeaders(response);
  const answer = chooseAnswer(request, options);
  if (answer.kind === 'page') sendPage(response, answer.page);
  else if (answer.kind === 'let-in') letIn(request, response, options.access);
  else sendFile(request, response, options.folder, answer.path);
}

type Answer =
  | { readonly kind: 'page'; readonly page: PlainPage }
  | { readonly kind: 'let-in' }
  | { readonly kind: 'file'; readonly path: string };

function chooseAnswer(request: IncomingMessage, { folder, access, hosts }: PageOptions): Answer {
  const page = (page: PlainPage): Answer => ({ kind: 'page', page });
  if (!hosts.asksForUs(request)) return page(PAGES.foreignHost);
  if (!hosts.comesFromUs(request)) return page(PAGES.foreignOrigin);
  if (request.method !== 'GET' && request.method !== 'HEAD') return page(PAGES.onlyGet);
  const target = parseTarget(request);
  if (target === null) return page(PAGES.badRequest);
  if (access.acceptsToken(target.token)) return { kind: 'let-in' };
  if (!access.acceptsCookie(request)) return page(PAGES.noAccess);
  if (!existsSync(join(folder, 'index.html'))) return page(PAGES.notBuilt);
  return { kind: 'file', path: target.path };
}

/** Path and token of a request; null for what is no path of ours, such as a proxy's absolute address. */
export function parseTarget({ url = '' }: IncomingMessage): { path: string; token: string | null } | null {
  if (!/^\/(?!\/)/.test(url)) return null;
  const queryAt = url.indexOf('?');
  if (queryAt < 0) return { path: url, token: null };
  return { path: url.slice(0, queryAt), token: new URLSearchParams(url.slice(queryAt)).get('token') };
}

/**
 * The token goes from the address into a cookie, so that neither history nor screenshots keep it. After a link on a
 * foreign page (a chat, a notebook) browsers hold SameSite=Strict cookies back through redirects; a page of ours that
 * goes on by itself has them.
 */
function letIn({ headers }: IncomingMessage, response: ServerResponse, access: TokenAccess): void {
  response.setHeader('Set-Cookie', access.cookie);
  if (headers['sec-fetch-site'] === 'cross-site') {
    response.setHeader('Refresh', '0; url=/');
    sendPage(response, PAGES.goOn);
    return;
  }
  response.writeHead(303, { Location: '/', 'Cache-Control': 'no-store' });
  response.end();
}

function sendFile(request: IncomingMessage, response: ServerResponse, root: string, path: string): void {
  send(request, path, { root, index: 'index.html', dotfiles: 'ignore', cacheControl: false })
    .on('headers', (headers: ServerResponse) => {
      const forEver = path.startsWith(HASHED_FILES);
      headers.setHeader('Cache-Control', forEver ? 'private, max-age=31536000, immutable' : 'private, no-cache');
    })
    .on('directory', () => sendPage(response, PAGES.notFound))
    .on('error', (error: { status?: number }) => {
      if (response.headersSent) response.destroy();
      else
        sendPage(response, PAGES[error.status === 404 ? 'notFound' : error.status === 500 ? 'failed' : 'badRequest']);
    })
    .pipe(response);
}
