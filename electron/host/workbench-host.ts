import path from 'node:path';
import { encodeRseTable, RSE_FILE, readRseTable, whileChanging } from '../../calibration/index.ts';
import { describeIssue } from '../../mmdit/files/describe-issue.ts';
import { freeMemory } from '../../mmdit/index.ts';
import packageInfo from '../../package.json' with { type: 'json' };
import { WorkbenchError } from '../contract/workbench-error.ts';
import {
  CONTRACT_VERSION,
  type DeviceReport,
  type EventName,
  type EventPayload,
  type JobRequest,
  type Reply,
  type RequestName,
  type RequestParams,
  requests,
  type Workbench,
  type WorkbenchEvent,
} from '../contract.ts';
import { AttentionMaps } from './attention-maps.ts';
import { callListener } from './call-listener.ts';
import type { EngineCalls, EngineStart, StepMaps } from './engine/engine-calls.ts';
import { invalidRequest, unavailable } from './host-errors.ts';
import { jobTitle } from './job-title.ts';
import { endForLog, errorForLog } from './log/describe-for-log.ts';
import { type Log, NO_LOG } from './log/log.ts';
import { logEvents } from './log/log-events.ts';
import { WindowReports } from './log/window-reports.ts';
import { JobQueue } from './jobs/job-queue.ts';
import { runJob } from './jobs/run-job.ts';
import { sweepImports } from './library/import-file.ts';
import { lockLibrary } from './library/library-lock.ts';
import { RunLibrary } from './library/run-library.ts';
import { ModelDescriptions } from './models/model-descriptions.ts';
import { ModelList } from './models/model-list.ts';
import { SETTINGS_FOLDER } from './models/open-model-list.ts';
import { Plans } from './plans.ts';
import { SettingsStore } from './settings-store.ts';
import { Tables } from './tables/tables.ts';
import { besideModule } from './workers/beside-module.ts';
import { childProcess } from './workers/child-process.ts';
import type { StartProcess } from './workers/start-worker.ts';
import { WorkerLink } from './workers/worker-link.ts';
import { commandName } from '../engine/command-name.ts';

export interface WorkbenchOptions {
  /** Folder of runs; made if missing. Settings live in `.workbench/` within it. */
  readonly library: string;
  /** Clients may be on other machines: a folder that they add is not followed out of by its links. */
  readonly hasRemoteClients?: boolean;
  /** Shows a folder in the file manager, where this machine is the user's. */
  readonly reveal?: (folder: string) => Promise<void>;
  /** How the engine's process is started; Node's own way where none is given, which Electron's program lacks. */
  readonly startProcess?: StartProcess;
  /** Where errors and jobs are noted for a bug report. */
  readonly log?: Log;
}

export interface WorkbenchHost extends Workbench {
  /** Cancels jobs, keeps what they have finished, and ends the workers; within two seconds, whatever they compute. */
  close(): Promise<void>;
}

/** For jobs to end by themselves when the host closes. */
const JOB_GRACE_MS = 1000;

type Handlers = { readonly [N in RequestName]: (params: ParsedParams<N>) => Promise<Reply<N>> };
type ParsedParams<N extends RequestName> = ReturnType<(typeof requests)[N]['params']['parse']>;

/**
 * Owns the engine, the job queue, the run library, models and settings; knows nothing of Electron, sockets or windows.
 * Throws FileWriteError where the library cannot be made, a WorkbenchError where another host has it.
 */
export async function createWorkbench({
  library: root,
  reveal,
  hasRemoteClients = false,
  startProcess = childProcess,
  log = NO_LOG,
}: WorkbenchOptions): Promise<WorkbenchHost> {
  const { platform, arch, version: node, pid } = process;
  log.write('info', 'host', `Arrowhead ${packageInfo.version}, ${platform} ${arch}, Node ${node}, process ${pid}`);
  const listeners = new Set<(event: WorkbenchEvent) => void>([logEvents(log)]);
  const windowReports = new WindowReports(log);
  const emit = <N extends EventName>(event: N, payload: EventPayload<N>) => {
    for (const listener of listeners) callListener(() => listener({ event, payload } as WorkbenchEvent));
  };

  const library = await RunLibrary.open(path.resolve(root), {
    inUse: () => queue.runsInUse(),
    onChange: (change) => emit('runs.changed', change),
  });
  /** A run's folder has changed, or who works on it; its news are for those who listen. */
  const refresh = (run: string) => void library.index.refresh(run).catch(() => {});
  const unlockLibrary = await lockLibrary(library.root, SETTINGS_FOLDER);
  await sweepImports(library.root);
  const settings = await SettingsStore.open(path.join(library.root, SETTINGS_FOLDER));
  const models = new ModelList(settings, { followsLinks: !hasRemoteClients });
  const engineEntry = besideModule('engine/engine-worker', import.meta.url);
  const engine = new WorkerLink<EngineCalls>(
    startProcess(engineEntry, (line) => log.write('info', 'engine', line)),
    'compute engine',
    {
      data: (): EngineStart => ({ device: settings.settings.device }),
      graceMs: 500,
      onCrash: (end, error) => {
        const when = error === null ? ' while idle' : '';
        log.write(error === null ? 'warn' : 'error', 'engine', `stopped${when}: ${endForLog(end, log)}`);
      },
    },
  );
  const descriptions = new ModelDescriptions(models, {
    name: () => settings.settings.device,
    list: async () => (await knownDevices()).devices,
  });
  const tables = new Tables(library, descriptions);
  const plans = new Plans(library, tables.link);
  const parts = { engine, library, models, plans, tables };
  const queue: JobQueue = new JobQueue(
    async (request, options) => {
      const result = await runJob(parts, request, options);
      if (request.kind === 'attention-map') maps.keep(withoutKind(request), result as StepMaps);
      return result;
    },
    {
      changed: (job) => {
        emit('job.changed', { job });
        // The library shows at once that a run is no longer being written.
        if (job.ended !== null && job.run !== null) refresh(job.run);
      },
      progress: (id, progress) => emit('job.progress', { id, progress }),
      removed: (id) => emit('job.removed', { id }),
      wrote: refresh,
    },
  );
  const titleOf = async (request: JobRequest) => {
    const model = 'model' in request ? models.summary(request.model) : null;
    const run = 'run' in request ? (await library.run(request.run)).manifest.name : '';
    return jobTitle(request, model, run);
  };
  const maps: AttentionMaps = new AttentionMaps(queue, titleOf);
  let devices: Pick<DeviceReport, 'devices' | 'onnx'> | null = null;
  const knownDevices = async () => {
    devices ??= await engine.call('devices', null);
    return devices;
  };

  const handlers: Handlers = {
    hello: async ({ version }) => {
      if (version !== CONTRACT_VERSION) throw versionMismatch(version);
      const canReveal = reveal !== undefined;
      const reply = { version: CONTRACT_VERSION, app: packageInfo.version, library: library.root };
      return { ...reply, canReveal, command: commandName(), log: log.file };
    },
    'log.reveal': async () => {
      if (log.file === null) throw unavailable('No log is kept.', 'Make its folder writable, and start again.');
      if (!reveal) throw unavailable('The log can be shown only in the desktop window.', `It is ${log.file}.`);
      await reveal(log.file);
      return {};
    },
    'log.report': async (report) => {
      windowReports.take(report);
      return {};
    },
    device: async () => {
      const known = await knownDevices();
      // The engine holds the models: by far the larger part.
      const engineBytes = engine.isRunning ? await engine.call('residentBytes', null) : 0;
      return { ...known, availableBytes: freeMemory(), processBytes: process.memoryUsage.rss() + engineBytes };
    },

    'models.list': async () => {
      // `arrowhead models add` may have changed the list.
      await settings.refresh();
      return { models: models.list() };
    },
    'models.info': ({ model }) => descriptions.info(model),
    'models.inspect': ({ model }) => descriptions.inspect(model),
    'models.add': async ({ folder }) => {
      const added = await models.add(folder);
      await tables.forgetUnknownModels();
      emit('models.changed', { models: models.list() });
      return added;
    },
    'models.remove': async ({ model }) => {
      await models.remove(model);
      emit('models.changed', { models: models.list() });
      return {};
    },
    'models.describeSampling': ({ model, sampling }) => descriptions.sampling(model, sampling),
    'models.inspectPrompt': ({ model, prompt }) => descriptions.prompt(model, prompt),

    'settings.get': async () => settings.settings,
    'settings.set': async (changes) => {
      const changed = await settings.change(changes);
      if (changes.device !== undefined) await engine.call('useDevice', { device: changed.device });
      emit('settings.changed', { settings: changed });
      return changed;
    },

    'jobs.start': async ({ job }) => queue.start(job, await titleOf(job)),
    'jobs.list': async () => ({ jobs: [...queue.list()] }),
    'jobs.cancel': async ({ id }) => {
      queue.cancel(id);
      return {};
    },

    'runs.list': () => library.index.list(),
    'runs.open': ({ run }) => library.details(run),
    'runs.rename': ({ run, name }) => library.rename(run, name),
    'runs.setTags': ({ run, tags }) => library.setTags(run, tags),
    'runs.delete': async ({ run }) => {
      await library.delete(run);
      return {};
    },
    'runs.restore': ({ run }) => library.restore(run),
    'runs.reveal': async ({ run }) => {
      const folder = await library.folder(run);
      if (!reveal) throw unavailable('Folders can be shown only in the desktop window.', `The run is in ${folder}.`);
      await reveal(folder);
      return {};
    },
    'runs.import': ({ fileName, data }) => library.import(fileName, data),
    'runs.exportTable': async ({ run }) => {
      const table = await readRseTable(await library.file(run, RSE_FILE));
      const data = new Uint8Array(encodeRseTable(table));
      return { fileName: `${run}.rse.safetensors`, mediaType: 'application/octet-stream', data };
    },

    'calibration.open': async ({ run }) => (await tables.open(run)).calibration,
    'calibration.solve': (params) => tables.solve(params),
    'calibration.saveScheme': async ({ name, ...tuning }) => {
      const run = await library.run(tuning.run);
      const scheme = `${fileStem(name)}.scheme.json`;
      const content = await tables.scheme(tuning);
      // Of two that are saved under one name at once, one is refused.
      await whileChanging(run.folder, async () => {
        if ((await run.schemes()).includes(scheme)) {
          throw invalidRequest(`name: the run already has a scheme "${scheme}"; choose another name`);
        }
        await run.writeScheme(content, scheme);
      });
      await library.index.refresh(tuning.run);
      return { run: tuning.run, scheme };
    },

    'schemes.get': (ref) => plans.content(ref),
    'schemes.diff': ({ a, b }) => plans.diff(a, b),
    'schemes.export': ({ plan }) => plans.export(plan),

    'attention.map': (request) => maps.map(request),

    'images.get': ({ run, file, maxSize }) => library.picture({ run, file }, maxSize),
    'images.compare': async ({ a, b, lpips }) => {
      const files = { a: await library.pictureFile(a), b: await library.pictureFile(b) };
      return engine.call('comparePictures', { ...files, lpips });
    },
  };

  // The first window finds the library read.
  library.index.list().catch(() => {});
  return {
    async request<N extends RequestName>(name: N, params: RequestParams<N>): Promise<Reply<N>> {
      if (!Object.hasOwn(requests, name)) throw invalidRequest(`request: there is none called "${name}"`);
      const parsed = requests[name].params.safeParse(params);
      if (!parsed.success) {
        throw invalidRequest(`${name}: ${describeIssue(parsed.error, params)}`);
      }
      try {
        return await handlers[name](parsed.data as ParsedParams<N>);
      } catch (error) {
        if (error instanceof Error) log.write('warn', 'host', `${name} failed: ${errorForLog(error, log)}`);
        throw error;
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      library.index.watch();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) library.index.unwatch();
      };
    },
    async close() {
      const jobs = queue.close();
      // Native code may compute for minutes before it hears of it; what a run has finished is on disk.
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, JOB_GRACE_MS);
      await Promise.race([jobs, late]);
      clearTimeout(timer);
      await Promise.all([engine.close(), descriptions.close(), tables.close(), library.close()]);
      await jobs;
      await unlockLibrary();
    },
  };
}

function withoutKind({ kind: _, ...request }: Extract<JobRequest, { kind: 'attention-map' }>) {
  return request;
}

function versionMismatch(version: number): WorkbenchError {
  return new WorkbenchError({
    name: 'ContractVersionError',
    message: `The window speaks version ${version} of the contract, the host version ${CONTRACT_VERSION}.`,
    hint: 'Reload the window; if that does not help, install both from one version of Arrowhead.',
  });
}

/** A name as every file system takes it. */
function fileStem(name: string): string {
  const stem = name
    .normalize('NFKD')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 80);
  if (stem === '') throw invalidRequest('name: expected at least one letter or digit');
  return stem;
}
