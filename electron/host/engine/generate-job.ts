import path from 'node:path';
import { createRun, type Scheme } from '../../../calibration/index.ts';
import type { Pipeline, SamplingDescription } from '../../../mmdit/index.ts';
import { noticePrompts } from '../../engine/notice-prompts.ts';
import { partOf } from '../../engine/progress.ts';
import { runWork } from '../../engine/run-work.ts';
import { checkSampling } from '../../engine/sampling-wish.ts';
import { prepareScheme } from '../../engine/scheme-in-use.ts';
import type { NotedPicture } from '../library/run-notes.ts';
import type { CallContext } from '../workers/serve-calls.ts';
import type { EngineCalls } from './engine-calls.ts';
import { noteInRun, runOptions } from './job-context.ts';
import { paintSample } from './paint-sample.ts';

/** Pictures with full attention, under a plan, or both: a run. */
export async function generateJob(
  pipeline: Pipeline,
  { library, request, scheme, parent }: EngineCalls['generate']['params'],
  context: CallContext,
): Promise<null> {
  const options = runOptions(context);
  const { samples, model, compare } = request;
  const sampling = checkSampling(pipeline, request.sampling);
  const use = scheme && prepareScheme(scheme, pipeline, sampling, { force: true, onNotice: options.onNotice });
  noticePrompts(
    pipeline,
    samples.map(({ prompt }) => prompt),
    options,
  );
  const run = await createRun(
    library,
    request.name ?? nameOf(samples[0]!.prompt),
    manifestOf(pipeline, sampling, scheme),
  );
  await noteInRun(run, { kind: 'generation', parent, model, request }, context);
  if (scheme) await run.writeScheme(scheme);
  await runWork(run, context.signal, 'the pictures made so far are kept.', async () => {
    const pictures: NotedPicture[] = [];
    for (const [position, sample] of samples.entries()) {
      const onProgress = partOf(options.onProgress, position / samples.length, (position + 1) / samples.length);
      const wish = { sample, sampling, use, compare, position };
      pictures.push(await paintSample(run, pipeline, wish, { ...options, onProgress }));
      await noteInRun(run, { pictures }, context);
    }
  });
  context.report({ kind: 'run', run: path.basename(run.folder) });
  return null;
}

function manifestOf({ identity, device }: Pipeline, sampling: SamplingDescription, scheme: Scheme | null) {
  const { family, name, fingerprint } = identity;
  const { scheduler, steps, guidance, width, height, textTokens, tokenOrder } = sampling;
  const { mode: _, ...search } = scheme?.search ?? { mode: null };
  return {
    model: { family, name, fingerprint },
    device: device.info.name,
    sampling: { scheduler, steps, guidance, width, height, textTokens, tokenOrder },
    search: scheme === null ? null : (search as Omit<Scheme['search'], 'mode'>),
  };
}

function nameOf(prompt: string): string {
  const words = prompt.trim().slice(0, 60);
  return words === '' ? 'Generation' : words;
}
