import { EventEmitter } from 'node:events';

type Handler = (...args: unknown[]) => unknown;

/** What a window needs of its app. */
interface WindowApp extends EventEmitter {
  isReady(): boolean;
  lastWindowClosed(): void;
}

/** An event that its listeners may prevent. */
export function preventable() {
  const event = {
    defaultPrevented: false,
    preventDefault: () => {
      event.defaultPrevented = true;
    },
  };
  return event;
}

export class FakeSession {
  permissionRequest: Handler = () => {};
  permissionCheck: Handler = () => true;
  devicePermission: Handler = () => true;
  handlers = new Map<string, (request: { url: string }) => Promise<Response>>();
  readonly protocol = {
    handle: (scheme: string, handler: (request: { url: string }) => Promise<Response>) => {
      if (this.handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`);
      this.handlers.set(scheme, handler);
    },
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
  destroyed = false;
  /** Throws where structured cloning does: "An object could not be cloned." */
  send(channel: string, message: unknown) {
    this.sent.push([channel, structuredClone(message)]);
  }
  setWindowOpenHandler(handler: typeof this.windowOpen) {
    this.windowOpen = handler;
  }
  isDestroyed() {
    return this.destroyed;
  }
}

/** A window that loads at once; what a real one refuses when it is destroyed throws. */
export class FakeWindow extends EventEmitter {
  static all: FakeWindow[] = [];
  static app: WindowApp;
  /** Whether a hidden window paints, which is what `ready-to-show` waits for. On Wayland it may not. */
  static paintsHidden = true;
  static getAllWindows() {
    return [...FakeWindow.all];
  }
  static fromWebContents(contents: unknown) {
    return FakeWindow.all.find((window) => window.webContents === contents) ?? null;
  }
  readonly webContents = new FakeContents();
  readonly options: Record<string, unknown>;
  url = '';
  shown = 0;
  maximised = false;
  minimised = false;
  focused = 0;
  reloads = 0;
  destroyed = false;
  constructor(options: Record<string, unknown>) {
    super();
    if (!FakeWindow.app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    this.options = options;
    FakeWindow.all.push(this);
    FakeWindow.app.emit('web-contents-created', {}, this.webContents);
    FakeWindow.app.emit('browser-window-created', {}, this);
  }
  async loadURL(url: string) {
    this.#mustLive();
    this.url = url;
    await null;
    if (this.destroyed) throw new Error('ERR_FAILED (-2)');
    this.webContents.emit('did-finish-load', {});
    if (FakeWindow.paintsHidden) this.emit('ready-to-show', {});
  }
  show() {
    this.#mustLive();
    this.shown += 1;
  }
  maximize() {
    this.#mustLive();
    this.maximised = true;
  }
  isMaximized() {
    this.#mustLive();
    return this.maximised;
  }
  isMinimized() {
    this.#mustLive();
    return this.minimised;
  }
  restore() {
    this.#mustLive();
    this.minimised = false;
  }
  focus() {
    this.#mustLive();
    this.focused += 1;
  }
  reload() {
    this.#mustLive();
    this.reloads += 1;
  }
  /** `close` may be prevented; `destroy` asks nobody. */
  close() {
    const event = preventable();
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }
  destroy() {
    if (this.destroyed) return;
    this.destroyed = true;
    this.webContents.destroyed = true;
    FakeWindow.all = FakeWindow.all.filter((window) => window !== this);
    this.emit('closed', {});
    if (FakeWindow.all.length === 0) FakeWindow.app.lastWindowClosed();
  }
  isDestroyed() {
    return this.destroyed;
  }
  getNormalBounds() {
    this.#mustLive();
    const { x, y, width, height } = this.options;
    return { x, y, width, height };
  }
  #mustLive() {
    if (this.destroyed) throw new TypeError('Object has been destroyed');
  }
}
