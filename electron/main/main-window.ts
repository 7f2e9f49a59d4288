import path from 'node:path';
import { app, BrowserWindow, dialog, nativeTheme } from 'electron';
import { appLog, withLastLines } from './app-log.ts';
import { APP_PAGE } from './app-scheme.ts';
import { LEAST_SIZE, readWindowState, rememberWindowState } from './window-state.ts';

const BACKGROUND = { light: '#eef1f4', dark: '#101418' };

/** Opens the window; it shows itself when it has something to show. */
export function openMainWindow(preload: string): BrowserWindow {
  const stateFile = path.join(app.getPath('userData'), 'window.json');
  const { bounds, maximised } = readWindowState(stateFile);
  const window = new BrowserWindow({
    ...bounds,
    minWidth: LEAST_SIZE.width,
    minHeight: LEAST_SIZE.height,
    title: 'Arrowhead',
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  });
  rememberWindowState(window, stateFile);
  showWhenPainted(window, maximised);
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return;
    appLog().write('error', 'window', `its process ended: ${reason}`);
    void offerReload(window, reason);
  });
  void window.loadURL(APP_PAGE);
  return window;
}

/**
 * On Wayland a hidden window may never paint, and then `ready-to-show` never comes (electron/electron#48859): there a loaded
 * page is enough.
 */
function showWhenPainted(window: BrowserWindow, maximised: boolean): void {
  let shown = false;
  const show = () => {
    if (shown || window.isDestroyed()) return;
    shown = true;
    if (maximised) window.maximize();
    window.show();
  };
  window.once('ready-to-show', show);
  if (process.platform === 'linux') window.webContents.once('did-finish-load', show);
}

async function offerReload(window: BrowserWindow, reason: string): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: 'The window stopped',
    detail: withLastLines(`Its process ended (${reason}). Jobs go on and nothing of your runs is lost.`),
    buttons: ['Reload', 'Close'],
    defaultId: 0,
    cancelId: 1,
  });
  if (window.isDestroyed()) return;
  if (response === 0) window.reload();
  else window.destroy();
}
