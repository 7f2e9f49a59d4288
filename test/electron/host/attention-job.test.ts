import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { attentionJob } from '../../../electron/host/engine/attention-job.ts';
import { CpuDevice, openPipeline } from '../../../mmdit/index.ts';
import { relativeError } from '../../relative-error.ts';

const GOLDEN = 'test/golden/pipeline';

it('under classifier-free guidance shows the attention of the prompt, not of the negative prompt', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'attention-sd3-'));
  await cp(`${GOLDEN}/sd3-pipeline-tiny`, folder, { recursive: true });
  await cp(`${GOLDEN}/flux-pipeline-tiny/vae`, path.join(folder, 'vae'), { recursive: true });
  const device = await CpuDevice.open();
  const pipeline = await openPipeline(folder, device, { textTokens: 32 });
  const mapsAt = (guidance: number) =>
    attentionJob(
      pipeline,
      {
        scheme: null,
        request: {
          ...{ kind: 'attention-map', model: null, scheme: null, step: 0, layer: 0, head: 0, fractions: [4] },
          sample: { prompt: 'a red cube', seed: 3 },
          sampling: { steps: 2, guidance, width: 96, height: 64 },
        },
      },
      { signal: new AbortController().signal, report: () => {} },
    );
  // At the first step both start from the same noise.
  const [guided, plain] = [await mapsAt(5), await mapsAt(1)];
  expect(guided).toHaveLength(pipeline.layers.length * pipeline.layers[0]!.heads);
  expect(guided[0]).toMatchObject({ layout: { order: 'image-first' }, tokenGrid: { columns: 6, rows: 4 } });
  for (const [n, map] of guided.entries()) expect(relativeError(map.values, plain[n]!.values)).toBeLessThan(1e-4);
  await pipeline.close();
  await device.close();
  await rm(folder, { recursive: true });
});
