import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { PromptError } from '../../../mmdit/text/prompt-error.ts';
import { PromptTokenizer } from '../../../mmdit/text/prompt-tokenizer.ts';
import { GOLDEN } from '../onnx/golden.ts';
import { temporaryFolder } from '../onnx/rewritten-component.ts';

interface PipelineCall {
  readonly tokens: readonly { readonly text: string; readonly clip: number[]; readonly t5: number[] }[];
}
const call = JSON.parse(await readFile(path.join(GOLDEN, 'pipeline/pipeline.json'), 'utf8')) as PipelineCall;
const folder = (name: string) => path.join(GOLDEN, 'pipeline', name);
const NASTY = [
  '',
  ' ',
  '\n\t',
  '🐴🚀👩‍👩‍👧',
  'a\0b',
  '\0',
  '\ud800',
  '<|endoftext|> red',
  '</s><pad><unk>',
  "it's",
  '。、！',
  'ﬁ Å',
];

describe.each([
  ['flux-pipeline-tiny/tokenizer', 'clip', 77],
  ['flux-pipeline-tiny/tokenizer_2', 't5', 32],
  ['sd3-pipeline-tiny/tokenizer', 'clip', 77],
  ['sd3-pipeline-tiny/tokenizer_2', 'clip', 77],
  ['sd3-pipeline-tiny/tokenizer_3', 't5', 32],
] as const)('%s', (name, kind, length) => {
  test('gives the ids of the diffusers pipeline', async () => {
    const tokenizer = await PromptTokenizer.open(folder(name), () => length);
    for (const { text, [kind]: expected } of call.tokens) expect(tokenizer.encode(text).ids).toEqual(expected);
  });

  test('takes any text', async () => {
    const tokenizer = await PromptTokenizer.open(folder(name), () => length);
    for (const text of [...NASTY, 'red '.repeat(8000), 'x'.repeat(6000), '日'.repeat(6000)]) {
      const { ids, promptTokens, readTokens } = tokenizer.encode(text);
      expect(ids).toHaveLength(length);
      expect(ids.every(Number.isInteger)).toBe(true);
      expect(promptTokens).toBeGreaterThanOrEqual(readTokens);
      expect(Array.isArray(tokenizer.ignoredWords(text))).toBe(true);
    }
    expect(() => tokenizer.encode('x'.repeat(100_000))).toThrow(PromptError);
  });
});

test('counts the tokens that are read', async () => {
  const tokenizer = await PromptTokenizer.open(folder('flux-pipeline-tiny/tokenizer'), () => 77);
  expect(tokenizer.reads('a '.repeat(75))).toEqual({ promptTokens: 75, readTokens: 75 });
  expect(tokenizer.reads('a '.repeat(76))).toEqual({ promptTokens: 76, readTokens: 75 });
});

describe('a word-level tokenizer', () => {
  const vocab = { '<pad>': 0, '</s>': 1, '<unk>': 2, red: 3, cube: 4, ',': 5, a: 6 };
  const definition = {
    version: '1.0',
    added_tokens: [0, 1, 2].map((id) => ({ id, content: Object.keys(vocab)[id], special: true, normalized: false })),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      pair: [],
      special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
    },
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '<unk>' },
  };
  const config = { model_max_length: 8, pad_token: '<pad>', unk_token: '<unk>', eos_token: { content: '</s>' } };

  async function open(changes: { definition?: object; config?: object } = {}) {
    const temporary = await temporaryFolder();
    const write = (name: string, value: object) => writeFile(path.join(temporary, name), JSON.stringify(value));
    await write('tokenizer.json', { ...definition, ...changes.definition });
    await write('tokenizer_config.json', { ...config, ...changes.config });
    return PromptTokenizer.open(temporary, (length) => length ?? 512);
  }

  test('pads, cuts and maps whole words only', async () => {
    const tokenizer = await open();
    expect(tokenizer.tokens).toBe(8);
    expect(tokenizer.encode('A Red, redder cube')).toEqual({
      ids: [6, 3, 5, 2, 4, 1, 0, 0],
      promptTokens: 5,
      readTokens: 5,
    });
    expect(tokenizer.encode('a a a a a a a a a')).toEqual({
      ids: [6, 6, 6, 6, 6, 6, 6, 1],
      promptTokens: 9,
      readTokens: 7,
    });
    expect(tokenizer.encode('')).toEqual({ ids: [1, 0, 0, 0, 0, 0, 0, 0], promptTokens: 0, readTokens: 0 });
  });

  test('lists ignored words once, in order, as the user wrote them', async () => {
    const tokenizer = await open();
    expect(tokenizer.ignoredWords('A Zebra, a red UNICORN! zebra 🦄 cube; café')).toEqual([
      'Zebra',
      'UNICORN',
      '🦄',
      'café',
    ]);
    expect(tokenizer.ignoredWords('a red cube?!')).toEqual([]);
  });

  test.each([
    [{ config: { pad_token: null } }, /has no padding token; tokenizer_config\.json must name one/],
    [{ config: { pad_token: '[PAD]' } }, /has no padding token "\[PAD\]"/],
    [{ config: { padding_side: 'left' } }, /tokenizer_config\.json: field "padding_side"/],
    [{ config: { model_max_length: 1 } }, /text length of 1 leaves no room/],
    [{ definition: { model: { type: 'WordLevel' } } }, /tokenizer\.json: field "model\.vocab"/],
    [{ definition: { pre_tokenizer: { type: 'Magic' } } }, /is no tokenizer that can be used: .*Magic/],
    [{ definition: { model: { type: 'Markov', vocab, unk_token: '<unk>' } } }, /tokenizer\.json: field "model\.type"/],
  ])('refuses %o', async (changes, message) => {
    const opened = open(changes);
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
  });

  test('without an unknown token, a foreign word is an error', async () => {
    const tokenizer = await open({
      definition: { added_tokens: [], model: { type: 'WordLevel', vocab: { '</s>': 1, '<pad>': 0, red: 3 } } },
    });
    expect(() => tokenizer.encode('red zebra')).toThrow(/has no unknown token/);
  });
});

describe('a folder of vocab.json and merges.txt', () => {
  async function openChanged(change: (folder: string) => Promise<void>) {
    const temporary = await temporaryFolder();
    const copy = path.join(temporary, 'tokenizer');
    await cp(folder('flux-pipeline-tiny/tokenizer'), copy, { recursive: true });
    await change(copy);
    return PromptTokenizer.open(copy, () => 77);
  }

  test.each([
    ['merges.txt', '#version: 0.2\nr e d\n', /merges\.txt: line "r e d" is no pair/],
    ['vocab.json', '{"a": -1}', /vocab\.json: field "a"/],
    ['vocab.json', '{"a": 0}', /vocab\.json: lacks the special token "<\|startoftext\|>"/],
  ])('refuses a broken %s', async (name, content, message) => {
    await expect(openChanged((copy) => writeFile(path.join(copy, name), content))).rejects.toThrow(message);
  });
});

test('a folder without tokenizer says what is missing', async () => {
  const temporary = await temporaryFolder();
  await writeFile(path.join(temporary, 'tokenizer_config.json'), '{}');
  const opened = PromptTokenizer.open(temporary, () => 77);
  await expect(opened).rejects.toThrow(
    /holds neither tokenizer\.json, nor vocab\.json with merges\.txt, nor spiece\.model/,
  );
});
