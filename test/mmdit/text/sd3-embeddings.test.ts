import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { ClipTextEncoder } from '../../../mmdit/text/clip-text-encoder.ts';
import { PromptTokenizer } from '../../../mmdit/text/prompt-tokenizer.ts';
import { T5TextEncoder } from '../../../mmdit/text/t5-text-encoder.ts';
import { GOLDEN, goldenFloats, relativeError } from '../onnx/golden.ts';

const SD3 = path.join(GOLDEN, 'pipeline/sd3-pipeline-tiny');
const DUMPS = 'pipeline/pipeline-dumps.safetensors';

/** The parts of SD3's conditioning: both CLIPs' penultimate states side by side over T5's, and both projections. */
test.each(['prompt', 'negative'] as const)(
  'the encoders of SD3 give what diffusers gives for its %s',
  async (which) => {
    const call = JSON.parse(await readFile(path.join(GOLDEN, 'pipeline/pipeline.json'), 'utf8')) as Record<
      string,
      string
    >;
    const text = call[which]!;
    const clips = await Promise.all(
      ['', '_2'].map(async (suffix) => {
        const tokenizer = await PromptTokenizer.open(path.join(SD3, `tokenizer${suffix}`), () => 77);
        const encoder = await ClipTextEncoder.open(await Component.open(path.join(SD3, `text_encoder${suffix}`)), 77);
        const embedding = await encoder.encode(tokenizer.encode(text).ids);
        await encoder.close();
        return { ...embedding, channels: encoder.config.channels };
      }),
    );
    const tokenizer = await PromptTokenizer.open(path.join(SD3, 'tokenizer_3'), () => 32);
    const t5 = await T5TextEncoder.open(await Component.open(path.join(SD3, 'text_encoder_3')), 32);
    const t5State = await t5.encode(tokenizer.encode(text).ids);
    await t5.close();

    const width = t5.config.channels;
    const context = new Float32Array((77 + 32) * width);
    let column = 0;
    for (const { penultimate, channels } of clips) {
      for (let row = 0; row < 77; row++) {
        context.set(penultimate.subarray(row * channels, (row + 1) * channels), row * width + column);
      }
      column += channels;
    }
    context.set(t5State, 77 * width);
    const pooled = Float32Array.from(clips.flatMap(({ textEmbed }) => [...textEmbed!]));

    const names = {
      prompt: ['sd3.prompt_embeds', 'sd3.pooled'],
      negative: ['sd3.negative_embeds', 'sd3.negative_pooled'],
    };
    const [contextName, pooledName] = names[which] as [string, string];
    expect(relativeError(context, await goldenFloats(DUMPS, contextName))).toBeLessThan(1e-5);
    expect(relativeError(pooled, await goldenFloats(DUMPS, pooledName))).toBeLessThan(1e-5);
  },
);
