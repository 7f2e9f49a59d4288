import { app } from 'electron';
import { registerAppScheme } from './main/app-scheme.ts';
import { Graphics } from './main/graphics.ts';
import { FilesToOpen } from './main/open-files.ts';
import { explainFailedStart } from './main/start-error.ts';
import { reportUncaughtErrors } from './main/uncaught-errors.ts';

// Electron emits `ready` only when this module has been evaluated to its end, so nothing here may wait for it. What must
// be said before `ready` is said here, and what may come before it (a file that the app is opened with) is listened for.
reportUncaughtErrors();
app.enableSandbox();
registerAppScheme();
const graphics = new Graphics();
const files = new FilesToOpen(process.argv.slice(1));
if (app.requestSingleInstanceLock()) {
  app
    .whenReady()
    // Loaded only now: a native library that this system refuses ends in the dialog, not in a silent app without a window.
    .then(() => import('./main/start-app.ts'))
    .then(({ startApp }) => startApp({ files, graphics }))
    .catch((error: unknown) => {
      explainFailedStart(error);
      app.exit(1);
    });
} else app.quit();
