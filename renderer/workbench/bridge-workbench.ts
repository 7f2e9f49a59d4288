import { WorkbenchError } from '../../electron/contract/workbench-error.ts';
import type { ErrorInfo, Reply, RequestName, Workbench, WorkbenchEvent } from '../../electron/contract.ts';
import type { WorkbenchConnection } from './connection.ts';

/** What Electron's preload script puts on `window`. Errors come as data: an Error would lose its name on the way. */
export interface WorkbenchBridge {
  request(name: string, params: unknown): Promise<{ readonly reply: unknown } | { readonly error: ErrorInfo }>;
  /** Returns what ends the subscription. */
  subscribe(listener: (event: WorkbenchEvent) => void): () => void;
}

/** The preload script's whole object: the workbench, the native menu and dialogs. */
export interface DesktopBridge extends WorkbenchBridge {
  /** What the native menu asks for: MenuCommand. Returns what ends it. */
  onCommand(listener: (command: string) => void): () => void;
  /** The user's choice in a native dialog; null where it was closed. */
  chooseFolder(): Promise<{ readonly reply: unknown } | { readonly error: ErrorInfo }>;
}

/** The host in Electron's main process. It lives as long as the window, so the connection is always open. */
export function connectBridgeWorkbench(bridge: WorkbenchBridge): WorkbenchConnection {
  const workbench: Workbench = {
    async request<N extends RequestName>(name: N, params: unknown): Promise<Reply<N>> {
      const answer = await bridge.request(name, params);
      if ('error' in answer) throw new WorkbenchError(answer.error);
      return answer.reply as Reply<N>;
    },
    subscribe: (listener) => bridge.subscribe(listener),
  };
  return {
    workbench,
    onStatus(listener) {
      listener('open');
      return () => {};
    },
  };
}
