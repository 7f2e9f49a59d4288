/// <reference path="./fs-native-extensions.d.ts" />
import { constants } from 'node:fs';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { tryLock, waitForLock } from 'fs-native-extensions';
import { z } from 'zod';
import { FileWriteError } from './write-whole-file.ts';

/** Who holds a lock, for people: written into the lock's file. */
const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string().max(256),
  /** What it does there: "arrowhead serve". */
  purpose: z.string().max(256),
  /** ISO 8601, UTC. */
  since: z.string().max(64),
});

export type LockHolder = z.infer<typeof holderSchema>;

/** A lock of the operating system's on a file. The system itself lets go of it when its process ends, however it ends. */
export interface FileLock {
  /** Deletes the lock's file and lets go. */
  release(): Promise<void>;
}

/** Where in the file the lock lies: beyond what is written there, so that others can read who holds it on Windows too. */
const LOCKED_BYTE = 1 << 20;

/** Asking who holds a lock takes it for a moment, so taking it is tried a few times. */
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 10;

/** Takes the lock; null where somebody has it. Throws FileWriteError where the lock's file cannot be made. */
export async function tryFileLock(file: string, purpose: string): Promise<FileLock | null> {
  for (let attempt = 1; ; attempt++) {
    const lock = await acquire(file, purpose, async (fd) => tryLock(fd, LOCKED_BYTE, 1));
    if (lock !== null || attempt === ATTEMPTS) return lock;
    await setTimeout(BETWEEN_ATTEMPTS_MS);
  }
}

/** Waits for the lock: for changes that take milliseconds. Throws FileWriteError. */
export async function waitForFileLock(file: string, purpose: string): Promise<FileLock> {
  const lock = await acquire(file, purpose, async (fd) => {
    await waitForLock(fd, LOCKED_BYTE, 1);
    return true;
  });
  return lock as FileLock;
}

/** Who holds a lock, as far as its file says; null where nobody does. Takes nothing and makes no file. */
export async function lockHolder(file: string): Promise<LockHolder | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDWR);
  } catch {
    return null;
  }
  try {
    if (tryLock(handle.fd, LOCKED_BYTE, 1)) return null;
    const found = holderSchema.safeParse(parse(await handle.readFile('utf8')));
    return found.success ? found.data : { pid: 1, host: 'unknown', purpose: 'another program', since: 'unknown' };
  } catch {
    // A file system without locks: nobody can hold one.
    return null;
  } finally {
    await handle.close();
  }
}

async function acquire(
  file: string,
  purpose: string,
  take: (fd: number) => Promise<boolean>,
): Promise<FileLock | null> {
  for (;;) {
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o644).catch((cause: unknown) => {
      throw new FileWriteError(file, cause);
    });
    try {
      if (!(await taken(handle, take))) {
        await handle.close();
        return null;
      }
      // The one before may have deleted the file between our opening it and our taking its lock.
      if (await isStillThere(handle, file)) {
        const holder: LockHolder = { pid: process.pid, host: hostname(), purpose, since: new Date().toISOString() };
        const lock = lockOf(handle, file);
        try {
          await handle.truncate(0);
          await handle.write(`${JSON.stringify(holder)}\n`, 0);
        } catch (error) {
          await lock.release();
          throw error;
        }
        return lock;
      }
    } catch (cause) {
      await handle.close().catch(() => {});
      throw new FileWriteError(file, cause);
    }
    await handle.close();
  }
}

/** On a file system without locks (some network mounts) everybody gets one: working there beats refusing. */
async function taken(handle: FileHandle, take: (fd: number) => Promise<boolean>): Promise<boolean> {
  try {
    return await take(handle.fd);
  } catch (error) {
    if (WITHOUT_LOCKS.has((error as NodeJS.ErrnoException).code ?? '')) return true;
    throw error;
  }
}

const WITHOUT_LOCKS = new Set(['ENOLCK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

async function isStillThere(handle: FileHandle, file: string): Promise<boolean> {
  const [mine, there] = await Promise.all([handle.stat(), stat(file).catch(() => null)]);
  return there !== null && there.ino === mine.ino && there.dev === mine.dev;
}

function lockOf(handle: FileHandle, file: string): FileLock {
  let held = true;
  return {
    async release() {
      if (!held) return;
      held = false;
      // Its folder may have been moved or deleted meanwhile.
      await unlink(file).catch(() => {});
      await handle.close();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
