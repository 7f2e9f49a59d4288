// Run by resume.test.ts in a process of its own, to be killed: calibrates the fake pipeline into a folder.
import { calibrate } from '../../../calibration/search/calibrate.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { fakePipeline } from './fake-pipeline.ts';

const [directory = '', mode] = process.argv.slice(2);
await calibrate(
  fakePipeline({ pauseMs: 1 }),
  {
    prompts: ['a cube'],
    seeds: [1],
    sampling: { steps: 24, guidance: 3.5, width: 64, height: 64 },
    delta: 0.05,
    headConstraint: 2,
    candidates: ['arrow/8', 'arrow/2', 'cached'].map(parseMethod),
  },
  {
    directory,
    resume: mode === 'resume',
    onProgress: ({ value }) => process.stdout.write(`${value}\n`),
  },
);
