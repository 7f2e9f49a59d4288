import { spawn } from 'node:child_process';

const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['explorer.exe'],
};

/** Opens a file or an address in the system's browser. Rejects with a sentence for the user where there is none. */
export function openInBrowser(file: string): Promise<void> {
  const [program, ...rest] = OPENERS[process.platform] ?? ['xdg-open'];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...rest, file], { stdio: 'ignore', detached: true });
    child.on('error', () => reject(new Error(`No browser could be started (${program}). Open ${file} yourself.`)));
    child.on('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
