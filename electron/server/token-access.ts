import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SECRET_BYTES = 32;

/** Who may come in: whoever knows the token of this start of the server, or has its cookie. */
export class TokenAccess {
  /** Part of the printed address. */
  readonly token = randomBytes(SECRET_BYTES).toString('base64url');
  /** Another secret, so that a cookie that leaks does not tell the address. */
  readonly #cookieSecret = randomBytes(SECRET_BYTES).toString('base64url');
  /** Ports do not separate cookies: two servers on one machine need two names. */
  readonly #cookieName = `arrowhead-${randomBytes(6).toString('hex')}`;

  /** For `Set-Cookie`. Ends with the browser's session; scripts cannot read it, foreign pages cannot send it. */
  get cookie(): string {
    return `${this.#cookieName}=${this.#cookieSecret}; Path=/; HttpOnly; SameSite=Strict`;
  }

  acceptsToken(candidate: string | null): boolean {
    return candidate !== null && equalInConstantTime(candidate, this.token);
  }

  acceptsCookie({ headers }: IncomingMessage): boolean {
    const prefix = `${this.#cookieName}=`;
    const values = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
    return values.some(
      (pair) => pair.startsWith(prefix) && equalInConstantTime(pair.slice(prefix.length), this.#cookieSecret),
    );
  }
}

function equalInConstantTime(candidate: string, secret: string): boolean {
  // Hashed, so that both have one length.
  return timingSafeEqual(sha256(candidate), sha256(secret));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
