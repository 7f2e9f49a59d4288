import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileWriteError, sha256OfFile } from '../../mmdit/index.ts';
import { DownloadError } from './download-error.ts';

/** What a server should have, known beforehand. */
export interface WantedFile {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes there so far, those of an earlier call included. */
  readonly onBytes?: (bytes: number) => void;
  /** A server that sends nothing for so long is given up. */
  readonly stallMs?: number;
  /** Before the first of several tries; doubled from try to try. */
  readonly pauseMs?: number;
}

/** In a row without a byte; a connection that never brought one is not tried again. */
const TRIES = 5;
const STALL_MS = 60_000;
const PAUSE_MS = 1000;
const AGAIN = 'run the same command again, which goes on from there';
const ELSEWHERE = 'try again, or fetch the file in another way and give it to the command';

/**
 * Downloads a file of known size and sha256 to `target`, by way of `target.part`, from where an earlier call ended where
 * the server lets it. Only the right bytes get the name. Throws DownloadError, FileWriteError, or the signal's reason.
 */
export async function downloadFile(wanted: WantedFile, target: string, options: DownloadOptions = {}): Promise<void> {
  if ((await sizeOf(target)) === wanted.bytes && (await sha256OfFile(target)) === wanted.sha256) return;
  const part = `${target}.part`;
  for (;;) {
    const before = await sizeOf(part);
    if (before > wanted.bytes) await rm(part, { force: true });
    if (before !== wanted.bytes) await fetchAll(wanted, part, options);
    const found = await sha256OfFile(part);
    if (found === wanted.sha256) break;
    await rm(part, { force: true });
    // What an earlier call left may be of another file; what came in one go is what the server has.
    if (before > 0) continue;
    throw new DownloadError(
      wanted.url,
      `sha256: expected ${wanted.sha256}, found ${found}; it is not the published file, and was deleted`,
    );
  }
  await rename(part, target).catch((cause: unknown) => {
    throw new FileWriteError(target, cause);
  });
}

async function fetchAll(wanted: WantedFile, part: string, options: DownloadOptions): Promise<void> {
  const start = await sizeOf(part);
  for (let failures = 0; ; ) {
    const before = await sizeOf(part);
    try {
      await fetchRest(wanted, part, options);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof ConnectionLost)) throw error;
      const now = await sizeOf(part);
      failures = now > before ? 1 : failures + 1;
      if (failures >= TRIES || now === start) {
        if (now === 0) await rm(part, { force: true });
        const next = now > 0 ? `${now} bytes are kept: ${AGAIN}` : ELSEWHERE;
        throw new DownloadError(wanted.url, `${error.message}; ${next}`, { cause: error });
      }
      await sleep((options.pauseMs ?? PAUSE_MS) * 2 ** (failures - 1), null, { signal: options.signal });
    }
  }
}

/** Worth another try. */
class ConnectionLost extends Error {}

/** One request, appended to what is there. */
async function fetchRest({ url, bytes }: WantedFile, part: string, options: DownloadOptions): Promise<void> {
  const handle = await openPart(part);
  const stall = new Stall(options.stallMs ?? STALL_MS, options.signal);
  try {
    const have = (await handle.stat()).size;
    const headers = { 'accept-encoding': 'identity', ...(have > 0 && { range: `bytes=${have}-` }) };
    const response = await fetch(url, { headers, signal: stall.signal }).catch((cause: unknown) => {
      throw new ConnectionLost(reasonOf(cause), { cause });
    });
    if (response.status === 416) {
      await rm(part, { force: true });
      throw new ConnectionLost(`the server has nothing from byte ${have} on`);
    }
    let position = await startOf(response, url, have, bytes);
    if (position < have) await write(part, () => handle.truncate(position));
    options.onBytes?.(position);
    for await (const chunk of chunksOf(response)) {
      stall.refresh();
      if (position + chunk.length > bytes) {
        await rm(part, { force: true });
        throw new DownloadError(url, `sends more than the ${bytes} bytes of the published file`);
      }
      await write(part, () => handle.write(chunk, 0, chunk.length, position));
      position += chunk.length;
      options.onBytes?.(position);
    }
    if (position < bytes) throw new ConnectionLost(`the connection ended at byte ${position} of ${bytes}`);
    await write(part, () => handle.sync());
  } finally {
    stall.end();
    await handle.close();
  }
}

/** Where the answer's bytes begin. Throws DownloadError for an answer that cannot be the file. */
async function startOf(response: Response, url: string, have: number, bytes: number): Promise<number> {
  const { status, statusText, headers } = response;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  const length = headers.get('content-length');
  const start = status === 206 && range ? Number(range[1]) : status === 200 ? 0 : null;
  if (start === null || start > have) {
    await response.body?.cancel();
    if (status === 408 || status === 429 || status >= 500) throw new ConnectionLost(`the server answered ${status}`);
    throw new DownloadError(url, `the server answered ${status} ${statusText}; expected the file; ${ELSEWHERE}`);
  }
  if (length !== null && Number(length) !== bytes - start) {
    await response.body?.cancel();
    throw new DownloadError(
      url,
      `expected ${bytes} bytes, the server offers ${start + Number(length)}; it is not the published file`,
    );
  }
  return start;
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) yield chunk;
  } catch (cause) {
    throw new ConnectionLost(reasonOf(cause), { cause });
  }
}

/** Aborts what sends nothing, and what the user stops. */
class Stall {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds: number, user: AbortSignal | undefined) {
    const controller = new AbortController();
    this.#timer = setTimeout(
      () => controller.abort(new Error(`the server sent nothing for ${milliseconds / 1000} s`)),
      milliseconds,
    );
    this.signal = user ? AbortSignal.any([controller.signal, user]) : controller.signal;
  }

  refresh(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** fetch hides what happened one or two causes deep. */
function reasonOf(error: unknown): string {
  let deepest = error as Error;
  while (deepest.cause instanceof Error) deepest = deepest.cause;
  return deepest.message || (deepest as NodeJS.ErrnoException).code || 'the connection failed';
}

function openPart(part: string): Promise<FileHandle> {
  // Not for appending: a server that begins anew overwrites.
  return write(part, async () => {
    await (await open(part, 'a')).close();
    return open(part, 'r+');
  });
}

async function write<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new FileWriteError(file, cause);
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0;
}
