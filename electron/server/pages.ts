import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import send from 'send';
import type { KnownHosts } from './known-hosts.ts';
import { PAGES, type PlainPage, sendPage } from './plain-page.ts';
import { setSecurityHeaders } from './security-headers.ts';

export interface PageOptions {
  /** The built renderer. */
  readonly folder: string;
  readonly hosts: KnownHosts;
}

const HASHED_FILES = '/assets/';

/**
 * Answers one HTTP request: the window's files. They are the same for everyone and hold nothing of the user's; all else
 * goes over the WebSocket, which asks for the token. There are no cookies, because browsers send those to every port.
 */
export function servePage(request: IncomingMessage, response: ServerResponse, options: PageOptions): void {
  setSecurityHeaders(response);
  const answer = chooseAnswer(request, options);
  if (answer.kind === 'page') sendPage(response, answer.page);
  else sendFile(request, response, options.folder, answer.path);
}

type Answer = { readonly kind: 'page'; readonly page: PlainPage } | { readonly kind: 'file'; readonly path: string };

function chooseAnswer(request: IncomingMessage, { folder, hosts }: PageOptions): Answer {
  const page = (page: PlainPage): Answer => ({ kind: 'page', page });
  if (!hosts.asksForUs(request)) return page(PAGES.foreignHost);
  if (!hosts.comesFromUs(request)) return page(PAGES.foreignOrigin);
  if (request.method !== 'GET' && request.method !== 'HEAD') return page(PAGES.onlyGet);
  const path = pathOf(request);
  if (path === null) return page(PAGES.badRequest);
  if (!existsSync(join(folder, 'index.html'))) return page(PAGES.notBuilt);
  return { kind: 'file', path };
}

/** The path of a request; null for what is no path of ours, such as a proxy's absolute address. */
export function pathOf({ url = '' }: IncomingMessage): string | null {
  return /^\/(?!\/)/.test(url) ? url.replace(/\?.*/s, '') : null;
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
