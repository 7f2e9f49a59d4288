import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { describeIssue } from '../files/describe-issue.ts';
import { SafetensorsFile } from '../checkpoint/safetensors-file.ts';

const count = z.number().int().positive();
const callSchema = z.strictObject({
  prompt: z.string(),
  negative_prompt: z.string().nullish(),
  width: count,
  height: count,
  num_inference_steps: count,
  guidance_scale: z.number(),
  /** Text length of T5; both pipelines bound it. */
  max_sequence_length: count.max(512).optional(),
  /** Of the CPU generator that the noise was drawn from. */
  seed: z.number().int().nonnegative(),
});

/** The call that was recorded, by the names of diffusers' pipelines. */
export type DumpedPipelineCall = z.output<typeof callSchema>;

const NAMES =
  /^(tokens\.tokenizer(_[23])?|(negative_)?prompt_embeds|(negative_)?pooled_prompt_embeds|latents\.\d{1,4}|image)$/;
const EXPECTED =
  'tokens.tokenizer, tokens.tokenizer_2, tokens.tokenizer_3, prompt_embeds, pooled_prompt_embeds, negative_prompt_embeds, negative_pooled_prompt_embeds, latents.STEP, image';

/**
 * One recorded call of a diffusers text-to-image pipeline: the call itself as JSON in the metadata, and what it computed
 * on the way, any of it: `tokens.*` (I64), the prompt's embeddings, `latents.N` after step N as the pipeline keeps them,
 * `image` [1, 3, height, width] from 0 to 1.
 */
export class PipelineDump {
  readonly call: DumpedPipelineCall;
  readonly #file: SafetensorsFile;

  private constructor(file: SafetensorsFile, call: DumpedPipelineCall) {
    this.#file = file;
    this.call = call;
  }

  /** Throws CheckpointError. */
  static async open(file: string): Promise<PipelineDump> {
    const opened = await SafetensorsFile.open(file, 'make the dump again');
    const unknown = opened.names.find((name) => !NAMES.test(name));
    if (unknown !== undefined || opened.names.length === 0) {
      const found = unknown === undefined ? 'no tensor' : `tensor "${unknown}"`;
      throw new CheckpointError(file, `holds ${found}; the dump of a pipeline holds any of ${EXPECTED}`);
    }
    return new PipelineDump(opened, parseCall(file, opened.metadata.call));
  }

  get file(): string {
    return this.#file.file;
  }

  /** In the order in which a pipeline computes them. */
  get references(): readonly string[] {
    const order = ['tokens', 'negative_prompt', 'negative_pooled', 'prompt', 'pooled', 'latents', 'image'];
    const rank = (name: string): number => order.findIndex((start) => name.startsWith(start));
    return [...this.#file.names].sort((a, b) => rank(a) - rank(b) || stepOf(a) - stepOf(b) || (a < b ? -1 : 1));
  }

  has(start: string): boolean {
    return this.#file.names.some((name) => name.startsWith(start));
  }

  async read(name: string): Promise<ArrayLike<number>> {
    if (!name.startsWith('tokens.')) return readFloats(this.#file.tensor(name));
    const { dtype } = this.#file.entries.get(name) ?? {};
    if (dtype !== 'I64')
      throw new CheckpointError(this.file, `tensor "${name}": expected token ids as I64, found ${dtype}`);
    const bytes = await this.#file.readBytes(name);
    return Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8), Number);
  }
}

function parseCall(file: string, text: string | undefined): DumpedPipelineCall {
  if (text === undefined)
    throw new CheckpointError(file, 'has no metadata "call": the JSON of the call that was recorded');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError(file, 'metadata "call" is not JSON', { cause });
  }
  const parsed = callSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CheckpointError(file, `metadata "call": ${describeIssue(parsed.error, value)}`);
}

/** `latents.12` → 12 */
function stepOf(name: string): number {
  return Number(/^latents\.(\d+)$/.exec(name)?.[1] ?? 0);
}
