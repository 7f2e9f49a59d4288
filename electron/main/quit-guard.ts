import { app, dialog } from 'electron';
import type { WorkbenchHost } from '../host/workbench-host.ts';

interface QuitGuard {
  /** Quits as if by the menu, and starts the app again. */
  readonly restart: () => void;
}

/**
 * Asks before a job is stopped by quitting, and lets the host finish what it is writing. `onStay`: the user would rather
 * keep the job; the last window may be closed by then.
 */
export function guardQuit(workbench: WorkbenchHost, { onStay }: { readonly onStay: () => void }): QuitGuard {
  let closed = false;
  let asking = false;
  let restarting = false;
  const quit = async () => {
    const stay = await wantsToStay(workbench).catch(() => false);
    asking = false;
    if (stay) {
      restarting = false;
      onStay();
      return;
    }
    // An app that cannot close its host must still be one that can be quit.
    await workbench.close().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    closed = true;
    if (restarting) relaunch();
    app.quit();
  };
  app.on('before-quit', (event) => {
    if (closed) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    void quit();
  });
  return {
    restart: () => {
      restarting = true;
      app.quit();
    },
  };
}

async function wantsToStay(workbench: WorkbenchHost): Promise<boolean> {
  const { jobs } = await workbench.request('jobs.list', {});
  const running = jobs.find(({ status }) => status === 'running');
  if (!running) return false;
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: 'A job is running',
    detail: `${running.title} would stop. A calibration keeps its finished steps and can be resumed.`,
    buttons: ['Quit', 'Stay'],
    defaultId: 1,
    cancelId: 1,
  });
  return response === 1;
}

/** An AppImage's own program lies in a mount that ends with it. */
function relaunch(): void {
  const { APPIMAGE } = process.env;
  app.relaunch(APPIMAGE === undefined ? {} : { execPath: APPIMAGE });
}
