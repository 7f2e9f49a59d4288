import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, session, shell } from 'electron';
import { createWorkbench } from './host/workbench-host.ts';
import { registerAppScheme, serveApp } from './main/app-scheme.ts';
import { denyEverythingElse } from './main/harden.ts';
import { openMainWindow } from './main/main-window.ts';
import { setUpMenus } from './main/menus.ts';
import { chooseAndImport, filesOfCommandLine, importFiles } from './main/open-files.ts';
import { guardQuit } from './main/quit-guard.ts';
import { connectWindows, sendCommand } from './main/window-bridge.ts';

const PAGES = fileURLToPath(new URL('../dist/renderer', import.meta.url));
const PRELOAD = fileURLToPath(new URL('./preload.cjs', import.meta.url));

app.enableSandbox();
registerAppScheme();
if (app.requestSingleInstanceLock()) await start();
else app.quit();

/** The window last, when everything that it talks to is there. */
async function start(): Promise<void> {
  await app.whenReady();
  const library = process.env.ARROWHEAD_LIBRARY ?? path.join(app.getPath('documents'), 'Arrowhead');
  const workbench = await createWorkbench({ library, reveal: async (folder) => shell.showItemInFolder(folder) });
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
  app.on('second-instance', (_event, commandLine) => {
    const [window] = BrowserWindow.getAllWindows();
    if (window?.isMinimized()) window.restore();
    window?.focus();
    void importFiles(workbench, filesOfCommandLine(commandLine));
  });
  app.on('open-file', (event, file) => {
    event.preventDefault();
    void importFiles(workbench, [file]);
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) openMainWindow(PRELOAD);
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  openMainWindow(PRELOAD);
  await importFiles(workbench, filesOfCommandLine(process.argv.slice(1)));
}
