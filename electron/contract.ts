import { z } from 'zod';
import { attentionMap, attentionRequest } from './contract/attention.ts';
import {
  calibration,
  planSource,
  schemeContent,
  schemeDiff,
  schemeRef,
  solved,
  solveSettings,
} from './contract/calibrations.ts';
import * as field from './contract/fields.ts';
import { job, jobRequest } from './contract/jobs.ts';
import {
  comparison,
  exportedFile,
  image,
  imageRef,
  runDetails,
  runChange,
  runSummary,
  unreadableRun,
} from './contract/library.ts';
import { windowReport } from './contract/log.ts';
import { type LpipsNetwork, lpipsNetwork } from './contract/lpips.ts';
import {
  checkpointReport,
  deviceReport,
  modelInfo,
  modelSummary,
  promptNotices,
  samplingDescription,
} from './contract/models.ts';
import { settings, settingsChanges } from './contract/settings.ts';

/**
 * Everything that a window may ask of the workbench host, and all that the host tells by itself: the one source of
 * types for host, server, preload and renderer. The wire format of `arrowhead serve` is in `contract/wire.ts`.
 */
export const CONTRACT_VERSION = 1;

const nothing = z.strictObject({});
const run = z.strictObject({ run: field.runId });
/** null: the demo. */
const model = z.strictObject({ model: field.modelId.nullable() });

export const requests = {
  /** First of all. Refused with ContractVersionError where the versions differ. */
  hello: {
    params: z.strictObject({ version: z.int() }),
    reply: z.strictObject({
      version: z.int(),
      /** Of Arrowhead. */
      app: z.string(),
      /** Where runs are kept, on the host's machine. */
      library: z.string(),
      /** Whether `runs.reveal` can show folders: the host's machine is the user's. */
      canReveal: z.boolean(),
      /** How the command line is called on the host's machine. */
      command: z.string(),
      /** The host's log, on its machine; null where none is kept. */
      log: z.string().nullable(),
    }),
  },
  /** Shows the log in the file manager; UnavailableError where `canReveal` is false or no log is kept. */
  'log.reveal': { params: nothing, reply: nothing },
  /** An error or warning of the window, for the log. At most some are taken in a minute. */
  'log.report': { params: windowReport, reply: nothing },
  device: { params: nothing, reply: deviceReport },

  'models.list': { params: nothing, reply: z.strictObject({ models: z.array(modelSummary) }) },
  /** Opens the model where it is not open yet; takes as long. */
  'models.info': { params: model, reply: modelInfo },
  /** Also of a model that cannot be opened: what is there, what is missing. */
  'models.inspect': { params: model, reply: checkpointReport },
  /** Remembers a checkpoint folder on the host's machine. */
  'models.add': { params: z.strictObject({ folder: z.string().min(1).max(4096) }), reply: modelSummary },
  /** Forgets it; its files stay. */
  'models.remove': { params: z.strictObject({ model: field.modelId }), reply: nothing },
  /** Refused with SamplingError where the model cannot make this; the message names what it can. */
  'models.describeSampling': {
    params: z.strictObject({ ...model.shape, sampling: field.sampling }),
    reply: samplingDescription,
  },
  'models.inspectPrompt': { params: z.strictObject({ ...model.shape, prompt: field.prompt }), reply: promptNotices },

  'settings.get': { params: nothing, reply: settings },
  'settings.set': { params: settingsChanges, reply: settings },

  /** Queues a job. One that is queued or running already is not queued twice: its id is told. */
  'jobs.start': {
    params: z.strictObject({ job: jobRequest }),
    reply: z.strictObject({ id: field.jobId, duplicate: z.boolean() }),
  },
  /** The running one, those queued in their order, then the latest that ended. */
  'jobs.list': { params: nothing, reply: z.strictObject({ jobs: z.array(job) }) },
  /** Cancels a job, or forgets one that has ended. Finished steps of a calibration are kept. */
  'jobs.cancel': { params: z.strictObject({ id: field.jobId }), reply: nothing },

  'runs.list': {
    params: nothing,
    /** Newest first. */
    reply: z.strictObject({ runs: z.array(runSummary), unreadable: z.array(unreadableRun) }),
  },
  'runs.open': { params: run, reply: runDetails },
  'runs.rename': { params: z.strictObject({ ...run.shape, name: field.title }), reply: runSummary },
  'runs.setTags': {
    params: z.strictObject({ ...run.shape, tags: z.array(field.tag).max(field.LIMITS.tags) }),
    reply: runSummary,
  },
  /** Moves its folder to the library's trash, from where `runs.restore` takes it back. */
  'runs.delete': { params: run, reply: nothing },
  'runs.restore': { params: run, reply: runSummary },
  /** Shows its folder in the file manager; UnavailableError where `canReveal` is false. */
  'runs.reveal': { params: run, reply: nothing },
  /** A `*.scheme.json` or an `rse.safetensors`, told apart by what they hold; makes a run of it. */
  'runs.import': {
    params: z.strictObject({ fileName: z.string().min(1).max(255), data: field.bytes }),
    reply: z.strictObject({ ...run.shape, holds: z.enum(['scheme', 'table']) }),
  },
  'runs.exportTable': { params: run, reply: exportedFile },

  /** A run's table, kept open on the host for `solve`. */
  'calibration.open': { params: run, reply: calibration },
  'calibration.solve': { params: solveSettings, reply: solved },
  /** Writes what the sliders say as a scheme of the run. */
  'calibration.saveScheme': { params: z.strictObject({ ...solveSettings.shape, name: field.title }), reply: schemeRef },

  'schemes.get': { params: schemeRef, reply: schemeContent },
  'schemes.diff': { params: z.strictObject({ a: planSource, b: planSource }), reply: schemeDiff },
  'schemes.export': { params: z.strictObject({ plan: planSource }), reply: exportedFile },

  /** Answered when the map is there: at once for another layer or head of a step computed before, else after a job. */
  'attention.map': { params: attentionRequest, reply: attentionMap },

  /** `maxSize` bounds width and height, for thumbnails; null: the file as it is. */
  'images.get': {
    params: z.strictObject({ ...imageRef.shape, maxSize: z.int().min(16).max(4096).nullable() }),
    reply: image,
  },
  'images.compare': {
    params: z.strictObject({ a: imageRef, b: imageRef, lpips: lpipsNetwork.default('alex') }),
    reply: comparison,
  },
} as const satisfies Record<string, { params: z.ZodType; reply: z.ZodType }>;

export const events = {
  /** A job was queued, started, moved up, noticed something or ended. */
  'job.changed': z.strictObject({ job }),
  /** At most some ten a second. */
  'job.progress': z.strictObject({ id: field.jobId, progress: field.progress }),
  /** A job that ended long ago was forgotten. */
  'job.removed': z.strictObject({ id: field.jobId }),
  /** A run was added, removed or changed, by this host or another program; perhaps only its details changed. */
  'runs.changed': runChange,
  'models.changed': z.strictObject({ models: z.array(modelSummary) }),
  'settings.changed': z.strictObject({ settings }),
} as const satisfies Record<string, z.ZodType>;

type Requests = typeof requests;
type Events = typeof events;

export type RequestName = keyof Requests;
/** As the sender writes it. */
export type RequestParams<N extends RequestName> = z.input<Requests[N]['params']>;
export type Reply<N extends RequestName> = z.output<Requests[N]['reply']>;
export type EventName = keyof Events;
export type EventPayload<N extends EventName> = z.output<Events[N]>;
/** Told apart by `event`. */
export type WorkbenchEvent = { [N in EventName]: { readonly event: N; readonly payload: EventPayload<N> } }[EventName];

/** The host as everyone sees it: itself, the WebSocket client, Electron's bridge and test doubles implement this. */
export interface Workbench {
  /** Rejects with a WorkbenchError-like error: `name`, `message` and `hint` of ErrorInfo. */
  request<N extends RequestName>(name: N, params: RequestParams<N>): Promise<Reply<N>>;
  /** Returns what ends the subscription. */
  subscribe(listener: (event: WorkbenchEvent) => void): () => void;
}

export type ErrorInfo = z.output<typeof field.errorInfo>;
export type Progress = z.output<typeof field.progress>;
export type Sampling = z.output<typeof field.sampling>;
export type Sample = z.output<typeof field.sample>;
export type TokenLayout = z.output<typeof field.tokenLayout>;
export type Granularity = z.output<typeof field.granularity>;
export type CostSource = z.output<typeof field.costSource>;
export type DeviceReport = Reply<'device'>;
export type ModelSummary = z.output<typeof modelSummary>;
export type ModelInfo = z.output<typeof modelInfo>;
export type CheckpointReport = z.output<typeof checkpointReport>;
export type SamplingDescription = z.output<typeof samplingDescription>;
export type PromptNotices = z.output<typeof promptNotices>;
export type Settings = z.output<typeof settings>;
export type SettingsChanges = z.output<typeof settingsChanges>;
export type Job = z.output<typeof job>;
export type JobRequest = z.output<typeof jobRequest>;
export type JobKind = JobRequest['kind'];
export type JobStatus = Job['status'];
export type RunSummary = z.output<typeof runSummary>;
export type RunChange = z.output<typeof runChange>;
export type RunDetails = z.output<typeof runDetails>;
export type AppliedMethods = NonNullable<RunPicture['applied']>;
export type RunPicture = RunDetails['pictures'][number];
export type SweepPoint = RunDetails['sweep'][number];
export type Comparison = z.output<typeof comparison>;
export type { LpipsNetwork };
export type ImageRef = z.output<typeof imageRef>;
export type ImagePayload = z.output<typeof image>;
export type ExportedFile = z.output<typeof exportedFile>;
export type Calibration = z.output<typeof calibration>;
export type Pin = SolveSettings['pins'][number];
export type SolveSettings = z.output<typeof solveSettings>;
export type Solved = z.output<typeof solved>;
export type PlanSource = z.output<typeof planSource>;
export type SchemeRef = z.output<typeof schemeRef>;
export type SchemeContent = z.output<typeof schemeContent>;
export type SchemeDiff = z.output<typeof schemeDiff>;
export type AttentionMapRequest = z.output<typeof attentionRequest>;
export type AttentionMapReply = z.output<typeof attentionMap>;
