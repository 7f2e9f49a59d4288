import { readFile } from 'node:fs/promises';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { type TensorToWrite, writeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';

export const GOLDEN_PIPELINES = 'test/golden/pipeline';

/** Names in the golden files → those of a pipeline dump. */
const NAMES: Readonly<Record<string, string>> = {
  prompt_embeds: 'prompt_embeds',
  pooled: 'pooled_prompt_embeds',
  negative_embeds: 'negative_prompt_embeds',
  negative_pooled: 'negative_pooled_prompt_embeds',
  image: 'image',
};

type Change = (tensors: TensorToWrite[], call: Record<string, unknown>) => TensorToWrite[];

/** Writes what diffusers recorded of a golden pipeline as a dump for `verify --pipeline`. */
export async function writeGoldenDump(
  file: string,
  family: 'flux' | 'sd3',
  change: Change = (tensors) => tensors,
): Promise<void> {
  const recorded = JSON.parse(await readFile(`${GOLDEN_PIPELINES}/pipeline.json`, 'utf8'));
  const dumps = await SafetensorsFile.open(`${GOLDEN_PIPELINES}/pipeline-dumps.safetensors`);
  const tensors: TensorToWrite[] = [];
  for (const name of dumps.names.filter((own) => own.startsWith(`${family}.`))) {
    const own = name.slice(family.length + 1);
    const source = dumps.tensor(name);
    const dumped = NAMES[own] ?? own.replace(/^latents/, 'latents.');
    tensors.push({ name: dumped, dtype: 'F32', shape: source.shape, data: await readFloats(source) });
  }
  const [{ clip, t5 }] = recorded.tokens;
  const ids = { flux: [clip, t5], sd3: [clip, clip, t5] }[family] as number[][];
  for (const [index, own] of ids.entries()) {
    const name = `tokens.tokenizer${index === 0 ? '' : `_${index + 1}`}`;
    tensors.push({ name, dtype: 'I64', shape: [own.length], data: BigInt64Array.from(own, BigInt) });
  }
  const { prompt, width, height, steps, seed, max_sequence_length } = recorded;
  const call = {
    ...{ prompt, width, height, seed, max_sequence_length, num_inference_steps: steps },
    guidance_scale: recorded[`${family}_guidance`],
    ...(family === 'sd3' && { negative_prompt: recorded.negative }),
  };
  const changed = change(tensors, call);
  await writeSafetensors(file, changed, { call: JSON.stringify(call) });
}
