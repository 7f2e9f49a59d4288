import path from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { describeMistake } from '../checkpoint/mistaken-content.ts';
import { validate } from '../checkpoint/read-fields.ts';
import { readJson } from '../checkpoint/read-json.ts';
import { fileExists, readRegularFile } from '../checkpoint/regular-file.ts';
import { clipTokenizerJson } from './clip-tokenizer-json.ts';
import { t5TokenizerJson } from './sentencepiece-model.ts';

const MAX_MERGES_BYTES = 64 * 1024 * 1024;

const token = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]).nullish();

/** The padding tokens of transformers' classes, where a config names none. */
const PAD_TOKENS: Readonly<Record<string, string>> = { CLIPTokenizer: '<|endoftext|>', T5Tokenizer: '<pad>' };

const configSchema = z.looseObject({
  tokenizer_class: z.string().nullish(),
  model_max_length: z.number().positive().optional(),
  bos_token: token,
  eos_token: token,
  unk_token: token,
  pad_token: token,
  /** Sentinels that T5's tokenizers append to the vocabulary of a spiece.model. */
  extra_ids: z.number().int().min(0).max(10_000).default(100),
  padding_side: z.literal('right').default('right'),
  truncation_side: z.literal('right').default('right'),
});
export type TokenizerConfig = z.output<typeof configSchema>;

const vocabulary = z.record(z.string(), z.number().int().nonnegative());
const definitionSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.number().int().nonnegative(), content: z.string() })).default([]),
  normalizer: z.unknown().default(null),
  pre_tokenizer: z.unknown().default(null),
  post_processor: z.unknown().default(null),
  decoder: z.unknown().default(null),
  padding: z.looseObject({ pad_token: z.string() }).nullish(),
  model: z.looseObject({
    type: z.enum(['BPE', 'Unigram', 'WordLevel', 'WordPiece']).optional(),
    vocab: z.union([vocabulary, z.array(z.tuple([z.string(), z.number()]))]),
    unk_token: z.string().nullish(),
  }),
});
export type TokenizerDefinition = z.output<typeof definitionSchema>;

export interface TokenizerFiles {
  /** The file that defines the tokenizer, for messages. */
  readonly file: string;
  readonly definition: TokenizerDefinition;
  readonly config: TokenizerConfig;
}

/**
 * A tokenizer folder of a diffusers checkpoint: `tokenizer_config.json`, and `tokenizer.json`, or `vocab.json` with
 * `merges.txt` (as CLIP's are published), or `spiece.model` (T5's without the converted one). Throws CheckpointError.
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const config = await readTokenizerConfig(folder);
  const at = (name: string) => path.join(folder, name);
  if (await fileExists(at('tokenizer.json'))) {
    const file = at('tokenizer.json');
    return { file, definition: await readJson(file, definitionSchema), config };
  }
  if ((await fileExists(at('vocab.json'))) && (await fileExists(at('merges.txt')))) {
    const file = at('vocab.json');
    const vocab = await readJson(file, vocabulary);
    const definition = clipTokenizerJson(file, vocab, await readMerges(at('merges.txt')), config);
    return { file, definition: validate(file, definitionSchema, definition), config };
  }
  if (await fileExists(at('spiece.model'))) {
    const file = at('spiece.model');
    const special = {
      eosToken: config.eos_token ?? '</s>',
      padToken: config.pad_token ?? '<pad>',
      extraIds: config.extra_ids,
    };
    const definition = await t5TokenizerJson(file, special);
    return { file, definition: validate(file, definitionSchema, definition), config };
  }
  throw new CheckpointError(
    folder,
    'holds neither tokenizer.json, nor vocab.json with merges.txt, nor spiece.model; download one of them',
  );
}

/** The longest text that a tokenizer folder names, from its config alone; undefined where it names none. Throws CheckpointError. */
export async function readModelMaxLength(folder: string): Promise<number | undefined> {
  return (await readTokenizerConfig(folder)).model_max_length;
}

async function readTokenizerConfig(folder: string): Promise<TokenizerConfig> {
  const config = await readJson(path.join(folder, 'tokenizer_config.json'), configSchema);
  const pad = PAD_TOKENS[config.tokenizer_class?.replace(/Fast$/, '') ?? ''];
  return config.pad_token == null && pad !== undefined ? { ...config, pad_token: pad } : config;
}

async function readMerges(file: string): Promise<string[]> {
  const bytes = await readRegularFile(file, MAX_MERGES_BYTES);
  const lines = bytes.toString('utf8').split(/\r?\n/);
  const merges = lines.filter((line, index) => line !== '' && !(index === 0 && line.startsWith('#version')));
  const broken = merges.find((line) => line.split(' ').length !== 2);
  if (broken === undefined) return merges;
  const shown = JSON.stringify(broken.slice(0, 80));
  throw new CheckpointError(file, describeMistake(bytes) ?? `line ${shown} is no pair of symbols separated by a space`);
}
