/** The part of fs-native-extensions that is used; the package has no types of its own. */
declare module 'fs-native-extensions' {
  /** Takes an exclusive lock of bytes of an open file; false where another has it. Throws what the system refuses. */
  export function tryLock(fd: number, offset: number, length: number): boolean;
  /** Waits for it in a thread of the pool. */
  export function waitForLock(fd: number, offset: number, length: number): Promise<void>;
}
