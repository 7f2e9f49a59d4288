import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, session, shell } from 'electron';
import { libraryFolder } from '../engine/library-folder.ts';
import { createWorkbench } from '../host/workbench-host.ts';
import { appLog } from './app-log.ts';
import { serveApp } from './app-scheme.ts';
import type { Graphics } from './graphics.ts';
import { denyEverythingElse } from './harden.ts';
import { openMainWindow } from './main-window.ts';
import { setUpMenus } from './menus.ts';
import { chooseAndImport, type FilesToOpen } from './open-files.ts';
import { guardQuit } from './quit-guard.ts';
import { startUtilityProcess } from './utility-process.ts';
import { connectWindows, sendCommand } from './window-bridge.ts';

const PAGES = fileURLToPath(new URL('../../dist/renderer', import.meta.url));
const PRELOAD = fileURLToPath(new URL('../preload.cjs', import.meta.url));

export interface AppParts {
  readonly files: FilesToOpen;
  readonly graphics: Graphics;
}

/** Boots the app once Electron is ready: the window last, when everything that it talks to is there. */
export async function startApp({ files, graphics }: AppParts): Promise<void> {
  const library = libraryFolder(path.join(app.getPath('documents'), 'Arrowhead'));
  const workbench = await createWorkbench({
    library,
    reveal: async (folder) => shell.showItemInFolder(folder),
    startProcess: startUtilityProcess,
    log: appLog(),
  });
  serveApp(session.defaultSession, PAGES);
  denyEverythingElse(session.defaultSession);
  connectWindows(workbench);
  const { restart } = guardQuit(workbench, { onStay: showWindow });
  graphics.offerRestartsBy(restart);
  setUpMenus({
    isMac: process.platform === 'darwin',
    library,
    logFile: appLog().file,
    send: sendCommand,
    importFiles: () => void chooseAndImport(workbench),
    graphics,
  });
  app.on('second-instance', showWindow);
  app.on('activate', showWindow);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  await files.importInto(workbench);
  openMainWindow(PRELOAD);
}

/** The app may live on without a window: on macOS, and where a job is not to be stopped by closing the last one. */
function showWindow(): void {
  const [window] = BrowserWindow.getAllWindows();
  if (window === undefined) {
    openMainWindow(PRELOAD);
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
}
