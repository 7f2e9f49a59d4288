import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { net, protocol, type Session } from 'electron';
import { CONTENT_SECURITY_POLICY } from '../server/security-headers.ts';

/** The window's own scheme: a true origin, unlike `file://`. */
export const APP_SCHEME = 'app';
export const APP_ORIGIN = 'app://arrowhead';
export const APP_PAGE = `${APP_ORIGIN}/index.html`;

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** To be called before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built renderer under app://arrowhead, and nothing beside it. */
export function serveApp(session: Session, folder: string): void {
  session.protocol.handle(APP_SCHEME, async ({ url }) => {
    const file = fileOf(url, folder);
    if (file === null || !(await isFile(file))) return new Response('Not found', { status: 404, headers: HEADERS });
    const { body, headers } = await net.fetch(pathToFileURL(file).href);
    const type = headers.get('content-type');
    return new Response(body, { headers: { ...HEADERS, ...(type === null ? {} : { 'Content-Type': type }) } });
  });
}

/** The file behind an address; null for another host, for what cannot be decoded and for every way out of the folder. */
export function fileOf(url: string, folder: string): string | null {
  const { origin, host, pathname } = new URL(url);
  if (origin !== APP_ORIGIN && host !== 'arrowhead') return null;
  let name: string;
  try {
    name = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (name.includes('\0') || name.includes('\\')) return null;
  const file = path.join(folder, name === '/' ? 'index.html' : name);
  return file.startsWith(folder + path.sep) ? file : null;
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null))?.isFile() === true;
}
