import { EventEmitter } from 'node:events';
import { FakeUtilityProcess } from './fake-utility-process.ts';

type Handler = (...args: unknown[]) => unknown;

/**
 * Electron in memory, in Electron's documented order: the main module is evaluated to its end, top-level awaits included,
 * then `ready` is emitted and `whenReady` resolves (electron/docs: esm.md, api/app.md). What Electron refuses before or
 * after `ready` throws here too, and an error that nobody catches in the main process ends the app with a dialog.
 * What the main process asks for is recorded; what the system would say can be emitted.
 */
export class FakeElectron {
  ready = false;
  folder = '/nowhere';
  /** Why the app ended before or after it was ready: what Electron's own error dialog would show. */
  uncaught: Error | null = null;
  readonly #whenReady = Promise.withResolvers<void>();

  /** Evaluates the main module, then becomes ready. Rejects where the module's evaluation does not end. */
  async launch(main: () => Promise<unknown>, { patienceMs = 45_000 } = {}): Promise<void> {
    const evaluated = main().then(
      () => 'evaluated',
      (error: Error) => {
        this.uncaught = error;
        this.app.quits += 1;
        return 'thrown';
      },
    );
    const { promise: late, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(resolve, patienceMs, 'late');
    const outcome = await Promise.race([evaluated, late]);
    clearTimeout(timer);
    if (outcome === 'late')
      throw new Error('The main module waits for something at its top level: the app is never ready');
    if (outcome === 'thrown') return;
    this.ready = true;
    this.app.emit('will-finish-launching');
    this.app.emit('ready', {}, {});
    this.#whenReady.resolve();
    await this.#whenReady.promise;
  }

  readonly app = Object.assign(new EventEmitter(), {
    sandboxed: false,
    hardwareAcceleration: true,
    quits: 0,
    exits: [] as number[],
    hasLock: true,
    relaunches: 0,
    isPackaged: false,
    commandLine: { appendSwitch: this.#only('before', 'app.commandLine.appendSwitch', () => {}) },
    enableSandbox: this.#only('before', 'app.enableSandbox', () => {
      this.app.sandboxed = true;
    }),
    disableHardwareAcceleration: this.#only('before', 'app.disableHardwareAcceleration', () => {
      this.app.hardwareAcceleration = false;
    }),
    requestSingleInstanceLock: () => this.app.hasLock,
    whenReady: () => this.#whenReady.promise,
    isReady: () => this.ready,
    getPath: (name: string) => `${this.folder}/${name}`,
    relaunch: () => {
      this.app.relaunches += 1;
    },
    /** Windows are asked first; `before-quit` may prevent it. */
    quit: () => {
      this.app.quits += 1;
    },
    exit: (code = 0) => void this.app.exits.push(code),
  });

  /** A function of Electron's that works before `ready` alone, or after it alone. */
  #only<F extends Handler>(when: 'before' | 'after', name: string, call: F): F {
    return ((...args: unknown[]) => {
      if (this.ready !== (when === 'after')) throw new Error(`${name} can only be called ${when} the app is ready`);
      return call(...args);
    }) as F;
  }

  readonly schemes: { scheme: string; privileges: Record<string, boolean> }[] = [];
  readonly protocol = {
    registerSchemesAsPrivileged: this.#only(
      'before',
      'protocol.registerSchemesAsPrivileged',
      ((schemes: FakeElectron['schemes']) => void this.schemes.push(...schemes)) as Handler,
    ),
  };
  readonly utilityProcess = {
    fork: this.#only('after', 'utilityProcess.fork', FakeUtilityProcess.fork as Handler),
  };
  readonly ipcHandlers = new Map<string, Handler>();
  readonly ipcMain = {
    handle: (channel: string, handler: Handler) => {
      if (this.ipcHandlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
      this.ipcHandlers.set(channel, handler);
    },
  };
  readonly #session = new FakeSession();
  readonly session = Object.defineProperty({} as { readonly defaultSession: FakeSession }, 'defaultSession', {
    enumerable: true,
    get: () => {
      if (!this.ready) throw new Error('Session can only be received when app is ready');
      return this.#session;
    },
  });
  readonly openedOutside: string[] = [];
  readonly revealed: string[] = [];
  readonly shell = {
    openExternal: async (url: string) => void this.openedOutside.push(url),
    /** Resolves with why it failed, '' where it did not. */
    openPath: async (place: string) => {
      this.revealed.push(place);
      return '';
    },
    showItemInFolder: (place: string) => void this.revealed.push(place),
  };
  readonly messages: { message: string; detail?: string; buttons?: string[] }[] = [];
  readonly errors: [string, string][] = [];
  /** What the user answers to the next dialogs. */
  answer = 0;
  chosen: string[] = [];
  readonly dialog = {
    showMessageBox: this.#only('after', 'dialog.showMessageBox', (async (...args: unknown[]) => {
      this.messages.push(args.at(-1) as FakeElectron['messages'][number]);
      return { response: this.answer, checkboxChecked: false };
    }) as Handler),
    /** The one dialog that may come before `ready`. */
    showErrorBox: (title: string, text: string) => void this.errors.push([title, text]),
    showOpenDialog: this.#only('after', 'dialog.showOpenDialog', (async () => ({
      canceled: this.chosen.length === 0,
      filePaths: this.chosen,
    })) as Handler),
  };
  menu: unknown[] = [];
  readonly Menu = {
    buildFromTemplate: this.#only('after', 'Menu.buildFromTemplate', (template: unknown) => template),
    setApplicationMenu: this.#only('after', 'Menu.setApplicationMenu', ((menu: unknown[]) => {
      this.menu = menu;
    }) as Handler),
  };
  displays = [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }];
  readonly screen = {
    getAllDisplays: this.#only('after', 'screen.getAllDisplays', () => this.displays),
    getPrimaryDisplay: this.#only('after', 'screen.getPrimaryDisplay', () => this.displays[0]),
  };
  readonly nativeTheme = { shouldUseDarkColors: false };
  readonly net = { fetch: this.#only('after', 'net.fetch', ((url: string) => readAsResponse(url)) as Handler) };
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
    if (!electron.ready) throw new Error('Cannot create BrowserWindow before app is ready');
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
