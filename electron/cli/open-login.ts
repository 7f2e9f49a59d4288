import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { writeWholeFile } from '../../mmdit/index.ts';
import { escapeHtml } from '../report/html.ts';
import { openInBrowser } from './open-in-browser.ts';

/** How long a browser may take to start and read the page. */
const READ_WITHIN_MS = 60_000;

/**
 * Opens an address that holds a token in the system's browser, by way of a page that only this user can read: the
 * arguments of a process are shown to everyone on the machine. The page is removed after a minute, or when `ended`
 * aborts. It lies in `folder` rather than among temporary files, which browsers in a sandbox of their own cannot see.
 * Rejects with a sentence for the user where there is no browser.
 */
export async function openLogin(url: string, folder: string, ended: AbortSignal): Promise<void> {
  const page = path.join(folder, 'open-workbench.html');
  await mkdir(folder, { recursive: true });
  await writeWholeFile(page, redirectTo(url), { mode: 0o600 });
  try {
    await openInBrowser(page);
    await wait(READ_WITHIN_MS, undefined, { signal: ended, ref: false });
  } catch (error) {
    if (!ended.aborted) throw error;
  } finally {
    await rm(page, { force: true });
  }
}

function redirectTo(url: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${escapeHtml(url)}">
<title>Arrowhead</title>
<p>The workbench opens in a moment.</p>
</html>
`;
}
