import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JobRequest } from '../../electron/contract.ts';
import { createWorkbench } from '../../electron/host/workbench-host.ts';
import { writeSynthetic } from '../../mmdit/index.ts';

// Questions about a model of 8 GB: how long each answer takes and how much the host grows, with nothing else going on and
// while a job computes with another model. Each is to be within 200 ms and 200 MB.
const LIMIT_MS = 200;
const LIMIT_MB = 200;

const root = await mkdtemp(path.join(tmpdir(), 'arrowhead-bench-describe-'));
const host = await createWorkbench({ library: path.join(root, 'library') });
let missed = 0;
try {
  const folder = path.join(root, 'sd3-medium');
  await writeSynthetic(folder, 'sd3-medium', { seed: 1 });
  const model = (await host.request('models.add', { folder })).id;
  await host.request('device', {});
  const before = process.memoryUsage.rss();
  await ask('first, nothing known', model);
  await ask('again', model);
  const job: JobRequest = {
    ...{ kind: 'calibrate', model: null, prompts: ['a red sphere'], seeds: [1], delta: 0.4, headConstraint: 1.5 },
    ...{ granularity: 'head', candidates: ['arrow/8', 'cached'], cost: 'flops', evaluate: [] },
    sampling: { steps: 50, guidance: 3.5, width: 512, height: 512 },
  };
  const working = Promise.withResolvers<void>();
  const stop = host.subscribe((event) => {
    if (event.event === 'job.progress' && event.payload.progress.value > 0) working.resolve();
  });
  const { id } = await host.request('jobs.start', { job });
  await working.promise;
  stop();
  await ask('while a job computes', model);
  await host.request('jobs.cancel', { id });
  const megabytes = (process.memoryUsage.rss() - before) / 2 ** 20;
  judge(`the host grew by ${megabytes.toFixed(0)} MB`, megabytes <= LIMIT_MB);
} finally {
  await host.close();
  await rm(root, { recursive: true, force: true });
}
if (missed > 0) process.exitCode = 1;

async function ask(when: string, model: string): Promise<void> {
  const sampling = { steps: 28, guidance: 7, width: 1024, height: 1024 };
  const questions = {
    'models.info': () => host.request('models.info', { model }),
    'models.describeSampling': () => host.request('models.describeSampling', { model, sampling }),
    'models.inspectPrompt': () => host.request('models.inspectPrompt', { model, prompt: 'a red sphere' }),
    'models.inspect': () => host.request('models.inspect', { model }),
  };
  for (const [name, question] of Object.entries(questions)) {
    const started = performance.now();
    await question();
    const milliseconds = performance.now() - started;
    judge(`${when}: ${name} ${milliseconds.toFixed(0)} ms`, milliseconds <= LIMIT_MS);
  }
}

function judge(what: string, held: boolean): void {
  console.log(`${what}${held ? '' : '  ← too much'}`);
  if (!held) missed++;
}
