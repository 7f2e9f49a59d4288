import { WIRE_PATH } from '../../electron/contract/wire.ts';
import { connectBridgeWorkbench, type DesktopBridge } from './bridge-workbench.ts';
import type { WorkbenchConnection } from './connection.ts';
import { reloadForNewToken, takeLoginToken } from './login-token.ts';
import { connectSocketWorkbench } from './socket-workbench.ts';

declare global {
  interface Window {
    /** Electron's preload script; absent in a browser. */
    readonly arrowhead?: DesktopBridge;
  }
}

/** The host of this window: Electron's main process, or the server that the page came from. */
export function connectWorkbench(): WorkbenchConnection {
  if (window.arrowhead !== undefined) return connectBridgeWorkbench(window.arrowhead);
  const url = new URL(WIRE_PATH, window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  reloadForNewToken();
  return connectSocketWorkbench(url.href, takeLoginToken());
}
