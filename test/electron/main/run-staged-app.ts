import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job, Reply, WorkbenchEvent } from '../../../electron/contract.ts';
import { CHANNELS } from '../../../electron/main/channels.ts';
import { electron, type FakeWindow } from './fake-electron.ts';

// Runs the program that Electron would run, compiled, in plain Node on the Electron in memory:
// run-staged-app.ts STAGED_FOLDER DATA_FOLDER. Prints what its host, its engine's process and its threads answered.
const [staged = '', data = ''] = process.argv.slice(2);
const url = new URL('./electron-module.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url, format: 'module', shortCircuit: true } : next(specifier, context),
});

electron.folder = data;
const opened = Promise.withResolvers<FakeWindow>();
electron.app.on('browser-window-created', (_event, window: FakeWindow) => opened.resolve(window));
const failed = new Promise<never>((_, reject) =>
  electron.app.on('quit', () => reject(new Error(`The app ended: ${JSON.stringify(electron.errors)}`))),
);
const ended = Promise.withResolvers<Job>();
failed.catch(() => {});

const main = path.join(staged, 'electron', 'main.js');
await electron.launch(() => import(pathToFileURL(main).href), { patienceMs: 60_000 });
const { webContents } = await Promise.race([opened.promise, failed]);
webContents.send = (channel, message) => {
  const { event, payload } = message as WorkbenchEvent;
  if (channel === CHANNELS.event && event === 'job.changed' && payload.job.ended !== null) {
    ended.resolve(payload.job);
  }
};

const frame = { sender: webContents, senderFrame: { url: 'app://arrowhead/index.html', parent: null } };
async function ask<T>(name: string, params: object): Promise<T> {
  const answer = (await electron.ipcHandlers.get(CHANNELS.request)!(frame, name, params)) as {
    readonly reply: T;
    readonly error?: { readonly message: string };
  };
  if (answer.error) throw new Error(answer.error.message);
  return answer.reply;
}

const { models } = await ask<Reply<'models.list'>>('models.list', {});
const { name } = await ask<Reply<'models.info'>>('models.info', { model: models[0]!.id });
const bounds = { delta: 0.5, headConstraint: null, candidates: ['arrow/8', 'cached'], cost: 'flops' };
await ask('jobs.start', {
  job: {
    ...{ kind: 'calibrate', model: null, prompts: ['a cube'], seeds: [1], evaluate: [] },
    ...{ ...bounds, sampling: { steps: 2, guidance: 3.5, width: 128, height: 128 } },
  },
});
const { status, error, run } = await Promise.race([ended.promise, failed]);
const settings = { ...bounds, run, candidates: null, pins: [] };
const { mode } = await ask<Reply<'calibration.solve'>>('calibration.solve', settings);
const { runs } = await ask<Reply<'runs.list'>>('runs.list', {});
process.stdout.write(`${JSON.stringify({ runs: runs.length, name, status, error, mode })}\n`);
electron.app.removeAllListeners('quit');
electron.app.quit();
