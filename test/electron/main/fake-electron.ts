import { EventEmitter } from 'node:events';
import type { MenuItemConstructorOptions } from 'electron';
import { checkMenuTemplate } from './fake-menu.ts';
import { FakeUtilityProcess } from './fake-utility-process.ts';
import { FakeSession, FakeWindow, preventable } from './fake-window.ts';

export { FakeWindow } from './fake-window.ts';

type Handler = (...args: unknown[]) => unknown;

/** Names that `app.getPath` knows (electron/docs/api/app.md). */
const PATHS =
  'home appData assets userData sessionData temp exe module desktop documents downloads music pictures videos recent logs crashDumps'.split(
    ' ',
  );

/**
 * Electron in memory, in Electron's documented order: the main module is evaluated to its end, top-level awaits included,
 * then `ready` is emitted and `whenReady` resolves (electron/docs: esm.md, api/app.md). What Electron refuses before or
 * after `ready` throws here too, messages are structured clones, and what the main module throws is shown by Electron's
 * own dialog, after which the app goes on (electron/lib/browser/init.ts).
 * What the main process asks for is recorded; what the system would say can be emitted.
 */
export class FakeElectron {
  ready = false;
  folder = '/nowhere';
  readonly #whenReady = Promise.withResolvers<void>();

  /** Evaluates the main module, then becomes ready. Rejects where the module's evaluation does not end. */
  async launch(main: () => Promise<unknown>, { patienceMs = 45_000 } = {}): Promise<void> {
    const evaluated = main().then(
      () => 'evaluated',
      (error: Error) => {
        this.errors.push(['A JavaScript error occurred in the main process', `Uncaught Exception:\n${error.stack}`]);
        return 'thrown';
      },
    );
    const { promise: late, resolve } = Promise.withResolvers<string>();
    const timer = setTimeout(resolve, patienceMs, 'late');
    const outcome = await Promise.race([evaluated, late]);
    clearTimeout(timer);
    if (outcome === 'late')
      throw new Error('The main module waits for something at its top level: the app is never ready');
    if (this.ended) return;
    this.ready = true;
    this.app.emit('will-finish-launching');
    this.app.emit('ready', {}, {});
    this.#whenReady.resolve();
    await this.#whenReady.promise;
  }

  /** It has quit or was ended. */
  get ended(): boolean {
    return this.app.quits > 0 || this.app.exits.length > 0;
  }

  readonly app = Object.assign(new EventEmitter(), {
    sandboxed: false,
    hardwareAcceleration: true,
    /** How often it was quit to the end, and with which codes it was ended without a question. */
    quits: 0,
    exits: [] as number[],
    hasLock: true,
    relaunches: [] as object[],
    isPackaged: false,
    enableSandbox: this.#only('before', 'app.enableSandbox', () => {
      this.app.sandboxed = true;
    }),
    disableHardwareAcceleration: this.#only('before', 'app.disableHardwareAcceleration', () => {
      this.app.hardwareAcceleration = false;
    }),
    requestSingleInstanceLock: () => this.app.hasLock,
    whenReady: () => this.#whenReady.promise,
    isReady: () => this.ready,
    getPath: (name: string) => {
      if (!PATHS.includes(name)) throw new Error(`Failed to get '${name}' path`);
      return `${this.folder}/${name}`;
    },
    relaunch: (options: object = {}) => void this.app.relaunches.push(options),
    /** before-quit, then every window is closed, then will-quit and quit. The first, a window and the third may prevent it. */
    quit: () => {
      if (this.ended || !this.#goesOn('before-quit')) return;
      this.#closing = true;
      for (const window of FakeWindow.getAllWindows()) window.close();
      this.#closing = false;
      if (FakeWindow.all.length > 0 || !this.#goesOn('will-quit')) return;
      this.app.quits += 1;
      this.app.emit('quit', {}, 0);
    },
    /** Asks nobody: no before-quit, no will-quit. */
    exit: (code = 0) => {
      this.app.exits.push(code);
      this.app.emit('quit', {}, code);
    },
    /** Of the fake alone. While the app quits, the last window's end is not `window-all-closed`. */
    lastWindowClosed: () => {
      if (this.#closing) return;
      if (this.app.listenerCount('window-all-closed') === 0) this.app.quit();
      else this.app.emit('window-all-closed');
    },
  });
  #closing = false;

  #goesOn(name: 'before-quit' | 'will-quit'): boolean {
    const event = preventable();
    this.app.emit(name, event);
    return !event.defaultPrevented;
  }

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
      this.ipcHandlers.set(channel, async (event, ...args) =>
        structuredClone(await handler(event, ...structuredClone(args))),
      );
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
    buildFromTemplate: this.#only('after', 'Menu.buildFromTemplate', ((template: MenuItemConstructorOptions[]) => {
      checkMenuTemplate(template);
      return template;
    }) as Handler),
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

  constructor() {
    FakeWindow.app = this.app;
  }
}

async function readAsResponse(url: string): Promise<Response> {
  const { readFile } = await import('node:fs/promises');
  return new Response(await readFile(new URL(url)), { headers: { 'content-type': 'text/plain' } });
}
/** The one that `vi.mock('electron')` hands out. */
export const electron = new FakeElectron();
