import { app, dialog } from 'electron';
import type { WorkbenchHost } from '../host/workbench-host.ts';

/** Asks before a job is stopped by quitting, and lets the host finish what it is writing. */
export function guardQuit(workbench: WorkbenchHost): void {
  let closed = false;
  let asking = false;
  app.on('before-quit', (event) => {
    if (closed) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    void mayQuit(workbench).then(async (yes) => {
      asking = false;
      if (!yes) return;
      await workbench.close();
      closed = true;
      app.quit();
    });
  });
}

async function mayQuit(workbench: WorkbenchHost): Promise<boolean> {
  const { jobs } = await workbench.request('jobs.list', {});
  const running = jobs.find(({ status }) => status === 'running');
  if (!running) return true;
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: 'A job is running',
    detail: `${running.title} would stop. A calibration keeps its finished steps and can be resumed.`,
    buttons: ['Quit', 'Stay'],
    defaultId: 1,
    cancelId: 1,
  });
  return response === 0;
}
