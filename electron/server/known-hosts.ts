import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import { hostname } from 'node:os';

/** Whether only programs of this machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** A host as it stands in an address. */
export function inAddress(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/**
 * The names under which a server may be asked. A page of a foreign name that resolves to this machine (DNS rebinding)
 * sends that name in `Host`; literal addresses cannot be rebound. Any port is right: tunnels change it.
 */
export class KnownHosts {
  readonly #names: ReadonlySet<string>;
  readonly #anyAddress: boolean;

  constructor(host: string) {
    this.#anyAddress = !isLoopback(host);
    const own = hostname().toLowerCase();
    this.#names = new Set(['localhost', ...(this.#anyAddress ? [host.toLowerCase(), own, `${own}.local`] : [])]);
  }

  /** Whether the `Host` header names this server. */
  asksForUs({ headers }: IncomingMessage): boolean {
    const authority = parseAuthority(headers.host);
    if (authority === null) return false;
    const name = authority.hostname.replace(/^\[|\]$/g, '');
    return this.#names.has(name) || isLoopback(name) || (this.#anyAddress && isIP(name) !== 0);
  }

  /** Whether it comes from a page of this server, or from a program that is no browser and sends no `Origin`. */
  comesFromUs({ headers }: IncomingMessage): boolean {
    if (headers.origin === undefined) return true;
    if (!URL.canParse(headers.origin)) return false;
    const origin = new URL(headers.origin);
    return /^https?:$/.test(origin.protocol) && origin.host === parseAuthority(headers.host)?.host;
  }
}

function parseAuthority(host: string | undefined): URL | null {
  // Nothing that a URL could take for user, path or query.
  if (host === undefined || !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) return null;
  return new URL(`http://${host}`);
}
