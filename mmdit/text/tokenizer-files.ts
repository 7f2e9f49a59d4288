import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { validate } from '../checkpoint/read-fields.ts';
import { readJson } from '../checkpoint/read-json.ts';
import { requireInside } from '../checkpoint/require-inside.ts';
import { clipTokenizerJson } from './clip-tokenizer-json.ts';

const MAX_MERGES_BYTES = 64 * 1024 * 1024;

const token = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]).nullish();

const configSchema = z.looseObject({
  model_max_length: z.number().positive().optional(),
  bos_token: token,
  eos_token: token,
  unk_token: token,
  pad_token: token,
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
 * A tokenizer folder of a diffusers checkpoint: `tokenizer_config.json`, and `tokenizer.json` or, as CLIP's are
 * published, `vocab.json` with `merges.txt`. Throws CheckpointError.
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const config = await readJson(path.join(folder, 'tokenizer_config.json'), configSchema);
  const file = path.join(folder, 'tokenizer.json');
  if (await exists(file)) return { file, definition: await readJson(file, definitionSchema), config };
  const vocabFile = path.join(folder, 'vocab.json');
  const mergesFile = path.join(folder, 'merges.txt');
  if (!(await exists(vocabFile)) || !(await exists(mergesFile))) {
    throw new CheckpointError(folder, 'holds neither tokenizer.json nor vocab.json with merges.txt; add one of them');
  }
  const vocab = await readJson(vocabFile, vocabulary);
  const definition = clipTokenizerJson(vocabFile, vocab, await readMerges(mergesFile), config);
  return { file: vocabFile, definition: validate(vocabFile, definitionSchema, definition), config };
}

/** The longest text that a tokenizer folder names, from its config alone; undefined where it names none. Throws CheckpointError. */
export async function readModelMaxLength(folder: string): Promise<number | undefined> {
  return (await readJson(path.join(folder, 'tokenizer_config.json'), configSchema)).model_max_length;
}

async function readMerges(file: string): Promise<string[]> {
  await requireInside(path.dirname(file), file);
  const info = await stat(file);
  if (!info.isFile()) throw new CheckpointError(file, 'is not a regular file');
  const { size } = info;
  if (size > MAX_MERGES_BYTES)
    throw new CheckpointError(file, `is ${size} bytes long; at most ${MAX_MERGES_BYTES} are read`);
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/);
  const merges = lines.filter((line, index) => line !== '' && !(index === 0 && line.startsWith('#version')));
  const broken = merges.find((line) => line.split(' ').length !== 2);
  if (broken !== undefined)
    throw new CheckpointError(file, `line "${broken.slice(0, 80)}" is no pair of symbols separated by a space`);
  return merges;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
