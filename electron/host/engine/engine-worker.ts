import path from 'node:path';
import { distancesOf } from '../../../calibration/index.ts';
import type { Pipeline } from '../../../mmdit/index.ts';
import { leavesCardUnusable, listDevices, reportOnnx } from '../../../mmdit/index.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import { comparePictures } from '../../engine/compare-pictures.ts';
import { errorForLog } from '../log/describe-for-log.ts';
import { readNotes } from '../library/run-notes.ts';
import { startData } from '../workers/parent-port.ts';
import { type CallHandlers, serveCalls } from '../workers/serve-calls.ts';
import { attentionJob } from './attention-job.ts';
import { calibrateJob, resumeCalibration } from './calibrate-job.ts';
import type { EngineCalls, EngineStart } from './engine-calls.ts';
import { generateJob } from './generate-job.ts';
import { runOptions } from './job-context.ts';
import { OpenModels } from './open-models.ts';
import { sweepJob } from './sweep-job.ts';

const models = new OpenModels((startData() as EngineStart).device);

// The process that holds models and computes. It does one job at a time, and answers small questions beside it. A fault
// of a driver or of native code ends it, not the host.
const handlers: CallHandlers<EngineCalls> = {
  useDevice: async ({ device }) => {
    await models.useDevice(device);
    return null;
  },
  residentBytes: () => process.memoryUsage.rss(),
  devices: async () => ({ devices: [...(await listDevices())], onnx: (await reportOnnx()).where }),
  comparePictures: async ({ a, b, lpips }) => {
    const comparison = await comparePictures(a, b, lpips);
    const { lpipsNetwork, lpipsMissing } = comparison;
    return { ...distancesOf(comparison), lpipsNetwork, lpipsMissing };
  },
  generate: (params, context) =>
    models.use(params.request.model, (pipeline) => generateJob(pipeline, params, context), runOptions(context)),
  calibrate: (params, context) =>
    models.use(
      params.request.model,
      (pipeline) => {
        requireModel(pipeline, params.fingerprint);
        return calibrateJob(pipeline, params, context);
      },
      runOptions(context),
    ),
  resume: async ({ library, run }, context) => {
    const folder = path.join(library, run);
    const model = (await readNotes(folder))?.model ?? null;
    return models.use(model, (pipeline) => resumeCalibration(pipeline, folder, context), runOptions(context));
  },
  sweep: (params, context) =>
    models.use(
      params.model,
      (pipeline) => {
        requireModel(pipeline, params.fingerprint);
        return sweepJob(pipeline, params, context);
      },
      runOptions(context),
    ),
  attentionMaps: (params, context) =>
    models.use(params.request.model, (pipeline) => attentionJob(pipeline, params, context), runOptions(context)),
};

// The host logs every line that is written here.
const isDetailed = process.env.ARROWHEAD_LOG === 'debug';
serveCalls(handlers, {
  leavesUnusable: leavesCardUnusable,
  onError: (name, error) => {
    if (error instanceof Error) process.stdout.write(`${name} failed: ${errorForLog(error, { isDetailed })}\n`);
  },
});

/** A run of one model is not gone on with by another. Throws WorkbenchError. */
function requireModel({ identity }: Pipeline, fingerprint: string | null): void {
  if (fingerprint === null || fingerprint === identity.fingerprint) return;
  throw new WorkbenchError({
    name: 'OtherModelError',
    message: `The run was made with a model of fingerprint ${fingerprint}; ${identity.name} has ${identity.fingerprint}.`,
    hint: 'Add the checkpoint that it was made with, and calibrate there.',
  });
}
