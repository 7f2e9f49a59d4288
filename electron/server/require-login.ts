import type { WebSocket } from 'ws';
import { LOGIN_REFUSED, MAX_LOGIN_BYTES, wireLogin } from '../contract/wire.ts';
import type { TokenAccess } from './token-access.ts';

/**
 * Reads the first message of a connection and nothing else. `enter` is called where it holds the token, before the next
 * message is read; otherwise the connection is closed, as it is when nothing comes within `timeoutMs`.
 */
export function requireLogin(socket: WebSocket, access: TokenAccess, timeoutMs: number, enter: () => void): void {
  const refuse = (reason: string): void => socket.close(LOGIN_REFUSED, reason);
  const timer = setTimeout(() => refuse('no login in time'), timeoutMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  // The socket closes itself after an error.
  socket.on('error', () => {});
  socket.once('message', (data, isBinary) => {
    clearTimeout(timer);
    const text = isBinary ? '' : data.toString();
    const token = text.length <= MAX_LOGIN_BYTES ? readToken(text) : null;
    if (token === null) refuse('expected a login as the first message');
    else if (!access.accepts(token)) refuse('not the token of this server');
    else enter();
  });
}

function readToken(text: string): string | null {
  try {
    return wireLogin.parse(JSON.parse(text)).token;
  } catch {
    return null;
  }
}
