import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** undefined where none is installed; tests that need it do not run there. */
export const CHROMIUM = [process.env.CHROME_PATH, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (file) => file !== undefined && existsSync(file),
);

/** A browser that says nothing to the world. Throws where none is installed. */
export function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('No Chromium: set CHROME_PATH');
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-sync', ...quiet],
  });
}
