import { EventEmitter } from 'node:events';

type Handler = (...args: unknown[]) => unknown;

/** Electron in memory: what the main process asks of it is recorded, and what the system would say can be emitted. */
export class FakeElectron {
  readonly app = Object.assign(new EventEmitter(), {
    sandboxed: false,
    quits: 0,
    hasLock: true,
    enableSandbox: () => {
      this.app.sandboxed = true;
    },
    requestSingleInstanceLock: () => this.app.hasLock,
    whenReady: async () => {
      this.ready = true;
    },
    getPath: (name: string) => `${this.folder}/${name}`,
    quit: () => {
      this.app.quits += 1;
    },
  });
  ready = false;
  folder = '/nowhere';
  readonly schemes: { scheme: string; privileges: Record<string, boolean>; beforeReady: boolean }[] = [];
  readonly protocol = {
    registerSchemesAsPrivileged: (schemes: { scheme: string; privileges: Record<string, boolean> }[]) => {
      for (const scheme of schemes) this.schemes.push({ ...scheme, beforeReady: !this.ready });
    },
  };
  readonly ipcHandlers = new Map<string, Handler>();
  readonly ipcMain = {
    handle: (channel: string, handler: Handler) => void this.ipcHandlers.set(channel, handler),
  };
  readonly session = { defaultSession: new FakeSession() };
  readonly openedOutside: string[] = [];
  readonly revealed: string[] = [];
  readonly shell = {
    openExternal: async (url: string) => void this.openedOutside.push(url),
    openPath: async (place: string) => void this.revealed.push(place),
    showItemInFolder: (place: string) => void this.revealed.push(place),
  };
  readonly messages: { message: string; detail?: string; buttons?: string[] }[] = [];
  readonly errors: [string, string][] = [];
  /** What the user answers to the next dialogs. */
  answer = 0;
  chosen: string[] = [];
  readonly dialog = {
    showMessageBox: async (options: { message: string; detail?: string; buttons?: string[] }) => {
      this.messages.push(options);
      return { response: this.answer };
    },
    showErrorBox: (title: string, text: string) => void this.errors.push([title, text]),
    showOpenDialog: async () => ({ canceled: this.chosen.length === 0, filePaths: this.chosen }),
  };
  menu: unknown[] = [];
  readonly Menu = {
    buildFromTemplate: (template: unknown[]) => template,
    setApplicationMenu: (menu: unknown[]) => {
      this.menu = menu;
    },
  };
  displays = [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }];
  readonly screen = {
    getAllDisplays: () => this.displays,
    getPrimaryDisplay: () => this.displays[0],
  };
  readonly nativeTheme = { shouldUseDarkColors: false };
  readonly net = { fetch: (url: string) => readAsResponse(url) };
  readonly BrowserWindow = FakeWindow;
}

async function readAsResponse(url: string): Promise<Response> {
  const { readFile } = await import('node:fs/promises');
  return new Response(await readFile(new URL(url)), { headers: { 'content-type': 'text/plain' } });
}

export class FakeSession {
  permissionRequest: Handler = () => {};
  permissionCheck: Handler = () => true;
  devicePermission: Handler = () => true;
  handlers = new Map<string, (request: { url: string }) => Promise<Response>>();
  readonly protocol = {
    handle: (scheme: string, handler: (request: { url: string }) => Promise<Response>) =>
      void this.handlers.set(scheme, handler),
  };
  setPermissionRequestHandler(handler: Handler) {
    this.permissionRequest = handler;
  }
  setPermissionCheckHandler(handler: Handler) {
    this.permissionCheck = handler;
  }
  setDevicePermissionHandler(handler: Handler) {
    this.devicePermission = handler;
  }
}

export class FakeContents extends EventEmitter {
  readonly sent: [string, unknown][] = [];
  windowOpen: (details: { url: string }) => { action: string } = () => ({ action: 'allow' });
  send(channel: string, message: unknown) {
    this.sent.push([channel, message]);
  }
  setWindowOpenHandler(handler: typeof this.windowOpen) {
    this.windowOpen = handler;
  }
  isDestroyed() {
    return false;
  }
}

export class FakeWindow extends EventEmitter {
  static all: FakeWindow[] = [];
  static getAllWindows() {
    return FakeWindow.all;
  }
  static fromWebContents(contents: unknown) {
    return FakeWindow.all.find((window) => window.webContents === contents) ?? null;
  }
  readonly webContents = new FakeContents();
  readonly options: Record<string, unknown>;
  url = '';
  shown = false;
  maximised = false;
  minimised = false;
  focused = 0;
  reloads = 0;
  destroyed = false;
  constructor(options: Record<string, unknown>) {
    super();
    this.options = options;
    FakeWindow.all.push(this);
  }
  async loadURL(url: string) {
    this.url = url;
  }
  show() {
    this.shown = true;
  }
  maximize() {
    this.maximised = true;
  }
  isMaximized() {
    return this.maximised;
  }
  isMinimized() {
    return this.minimised;
  }
  restore() {
    this.minimised = false;
  }
  focus() {
    this.focused += 1;
  }
  reload() {
    this.reloads += 1;
  }
  destroy() {
    this.destroyed = true;
  }
  isDestroyed() {
    return this.destroyed;
  }
  getNormalBounds() {
    const { x, y, width, height } = this.options;
    return { x, y, width, height };
  }
}

/** The one that `vi.mock('electron')` hands out. */
export const electron = new FakeElectron();
