import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, session, shell } from 'electron';
import { createWorkbench } from './host/workbench-host.ts';
import { registerAppScheme, serveApp } from './main/app-scheme.ts';
import { denyEverythingElse } from './main/harden.ts';
import { openMainWindow } from './main/main-window.ts';
import { setUpMenus } from './main/menus.ts';
import { chooseAndImport, FilesToOpen } from './main/open-files.ts';
import { guardQuit } from './main/quit-guard.ts';
import { explainFailedStart } from './main/start-error.ts';
import { startUtilityProcess } from './main/utility-process.ts';
import { connectWindows, sendCommand } from './main/window-bridge.ts';

const PAGES = fileURLToPath(new URL('../dist/renderer', import.meta.url));
const PRELOAD = fileURLToPath(new URL('./preload.cjs', import.meta.url));

// Electron emits `ready` only when this module has been evaluated to its end, so nothing here may wait for it; what may
// come before `ready` (a file that the app is opened with) is listened for at once.
app.enableSandbox();
registerAppScheme();
const files = new FilesToOpen(process.argv.slice(1));
if (app.requestSingleInstanceLock()) {
  app
    .whenReady()
    .then(start)
    .catch((error: unknown) => {
      explainFailedStart(error);
      app.exit(1);
    });
} else app.quit();

/** The window last, when everything that it talks to is there. */
async function start(): Promise<void> {
  const library = process.env.ARROWHEAD_LIBRARY ?? path.join(app.getPath('documents'), 'Arrowhead');
  const workbench = await createWorkbench({
    library,
    reveal: async (folder) => shell.showItemInFolder(folder),
    startProcess: startUtilityProcess,
  });
  serveApp(session.defaultSession, PAGES);
  denyEverythingElse(session.defaultSession);
  connectWindows(workbench);
  setUpMenus({
    isMac: process.platform === 'darwin',
    library,
    send: sendCommand,
    importFiles: () => void chooseAndImport(workbench),
  });
  guardQuit(workbench);
  app.on('second-instance', () => {
    const [window] = BrowserWindow.getAllWindows();
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openMainWindow(PRELOAD);
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  await files.importInto(workbench);
  openMainWindow(PRELOAD);
}
