// npm run bench:text [-- layers]: the memory that text encoders of the published shapes need, with random weights in
// bf16. Every encoder runs in a process of its own, since a peak is that of a process's whole life.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Component } from '../../mmdit/checkpoint/component.ts';
import { OnnxExecution } from '../../mmdit/onnx/onnx-execution.ts';
import { ClipTextEncoder } from '../../mmdit/text/clip-text-encoder.ts';
import { T5TextEncoder } from '../../mmdit/text/t5-text-encoder.ts';
import { clip, t5, writeEncoder } from './random-text-encoders.ts';

interface Measured {
  /** Bytes of the process before the encoder opens, at most while it runs, and after it is closed. */
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  readonly seconds: number;
}

const [measured, folder, tokens] = process.argv.slice(2);
if (measured === 'measure') process.stdout.write(JSON.stringify(await measure(folder!, Number(tokens))));
else await compare(Number(measured ?? 2));

async function compare(layers: number): Promise<void> {
  const shapes = {
    [`T5-XXL, ${layers} of 24 layers`]: t5(layers),
    'CLIP-G': clip(1280, 5120, 20, 32),
    'CLIP-L': clip(768, 3072, 12, 12),
  };
  console.log('MiB                      bf16  as float32  |  before     peak  peak − before  released  |  seconds');
  for (const [name, shape] of Object.entries(shapes)) {
    const place = mkdtempSync(path.join(tmpdir(), 'arrowhead-bench-text-'));
    try {
      const bytes = await writeEncoder(place, shape);
      const child = spawnSync(process.execPath, [import.meta.filename, 'measure', place, String(shape.tokens)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
      });
      if (child.status !== 0) throw new Error(`${name} did not run`);
      const { before, peak, after, seconds }: Measured = JSON.parse(child.stdout);
      const columns = [bytes, 2 * bytes, before, peak, peak - before, after];
      const [stored, wide, ...rest] = columns.map((value) => (value / 2 ** 20).toFixed(0));
      const row = [
        name.padEnd(22),
        ...[stored!.padStart(7), wide!.padStart(11), '  |'],
        ...[rest[0]!.padStart(7), rest[1]!.padStart(8), rest[2]!.padStart(14), rest[3]!.padStart(9), '  |'],
      ];
      console.log([...row, seconds.toFixed(1).padStart(8)].join(''));
    } finally {
      rmSync(place, { recursive: true });
    }
  }
}

async function measure(place: string, tokenCount: number): Promise<Measured> {
  const component = await Component.open(place);
  const execution = new OnnxExecution({ wish: 'cpu' });
  const Encoder = component.className === 'T5EncoderModel' ? T5TextEncoder : ClipTextEncoder;
  const encoder = await Encoder.open(component, tokenCount, execution);
  const before = process.memoryUsage.rss();
  const started = performance.now();
  await encoder.encode(Array.from({ length: tokenCount }, (_, at) => at % 1000));
  const seconds = (performance.now() - started) / 1000;
  await encoder.close();
  // Memory goes back to the system a little later.
  await setTimeout(500);
  const peak = process.resourceUsage().maxRSS * 1024;
  return { before, peak, after: process.memoryUsage.rss(), seconds };
}
