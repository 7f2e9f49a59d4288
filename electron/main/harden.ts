import { app, type Session, shell } from 'electron';
import { APP_ORIGIN } from './app-scheme.ts';

/** Pages that a link of the window may open in the system's browser. */
const OUTSIDE = [/^https:\/\/arxiv\.org\//, /^https:\/\/github\.com\//, /^https:\/\/huggingface\.co\//];

/** No permission, no second window, no way out of the app's own pages. */
export function denyEverythingElse(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.on('will-navigate', (event, url) => {
      if (!isOwnPage(url)) event.preventDefault();
    });
    contents.on('will-redirect', (event, url) => {
      if (!isOwnPage(url)) event.preventDefault();
    });
    contents.setWindowOpenHandler(({ url }) => {
      if (OUTSIDE.some((allowed) => allowed.test(url))) void shell.openExternal(url);
      return { action: 'deny' };
    });
  });
}

export function isOwnPage(url: string): boolean {
  return url === APP_ORIGIN || url.startsWith(`${APP_ORIGIN}/`);
}
