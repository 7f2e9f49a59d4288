import { electron } from './fake-electron.ts';

/** The Electron in memory as a program imports it where there is no vitest. */
export const { app, BrowserWindow, dialog, ipcMain, Menu, nativeTheme } = electron;
export const { net, protocol, screen, session, shell, utilityProcess } = electron;
