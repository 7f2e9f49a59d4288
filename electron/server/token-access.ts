import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 32;

/** Who may use the workbench: those who know the token of this start of the server. */
export class TokenAccess {
  /** Part of the printed address. */
  readonly token = randomBytes(SECRET_BYTES).toString('base64url');

  accepts(candidate: string): boolean {
    // Hashed, so that both have one length.
    return timingSafeEqual(sha256(candidate), sha256(this.token));
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
