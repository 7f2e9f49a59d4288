import { BrowserWindow, dialog, type IpcMainInvokeEvent, ipcMain } from 'electron';
import type { ErrorInfo, RequestName, Workbench } from '../contract.ts';
import { toErrorInfo } from '../host/host-errors.ts';
import { CHANNELS, type MenuCommand } from './channels.ts';
import { isOwnPage } from './harden.ts';

type Answer = { readonly reply: unknown } | { readonly error: ErrorInfo };

/** The one place where messages of windows come in and go out. A stranger gets a typed error. */
export function connectWindows(workbench: Workbench): void {
  ipcMain.handle(CHANNELS.request, async (event, name: unknown, params: unknown): Promise<Answer> => {
    if (!isTrusted(event)) return { error: untrusted(event) };
    try {
      // The host checks name and params itself: what a window sends may be anything.
      return { reply: await workbench.request(name as RequestName, params as never) };
    } catch (error) {
      return { error: toErrorInfo(error) };
    }
  });
  ipcMain.handle(CHANNELS.chooseFolder, async (event): Promise<Answer> => {
    if (!isTrusted(event)) return { error: untrusted(event) };
    const window = BrowserWindow.fromWebContents(event.sender);
    const options = { title: 'Choose a checkpoint folder', properties: ['openDirectory' as const] };
    const chosen = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options));
    return { reply: chosen.canceled ? null : (chosen.filePaths[0] ?? null) };
  });
  workbench.subscribe((event) => sendToWindows(CHANNELS.event, event));
}

/** To the window in front; the menu belongs to it. */
export function sendCommand(command: MenuCommand): void {
  sendToWindows(CHANNELS.command, command);
}

function sendToWindows(channel: string, message: unknown): void {
  for (const window of BrowserWindow.getAllWindows()) {
    if (!window.isDestroyed() && !window.webContents.isDestroyed()) window.webContents.send(channel, message);
  }
}

/** Only the top frame of one of our own pages may speak. */
function isTrusted({ senderFrame }: IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && isOwnPage(senderFrame.url);
}

function untrusted({ senderFrame }: IpcMainInvokeEvent): ErrorInfo {
  const who = senderFrame === null ? 'a page that is gone' : new URL(senderFrame.url || 'about:blank').origin;
  return { name: 'UntrustedSenderError', message: `The workbench does not answer ${who}.`, hint: null };
}
