import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PrecompiledCharsmap } from '../../../mmdit/text/precompiled-charsmap.ts';
import { PromptTokenizer } from '../../../mmdit/text/prompt-tokenizer.ts';
import { t5TokenizerJson } from '../../../mmdit/text/sentencepiece-model.ts';
import { GOLDEN } from '../onnx/golden.ts';
import { temporaryFolder } from '../onnx/rewritten-component.ts';

/** By Hugging Face's own tokenizers: test/golden/dump_token_ids.py. */
const golden = JSON.parse(await readFile(path.join(GOLDEN, 'token-ids/ids.json'), 'utf8')) as {
  readonly [tokenizer: string]: readonly (readonly number[])[];
} & { readonly strings: readonly string[] };
const SPIECE = path.join(GOLDEN, 'token-ids/spiece.model');
const CONFIG = { eos_token: '</s>', pad_token: '<pad>', unk_token: '<unk>', extra_ids: 0 };
const LENGTH = 600;

/** Ids of the text alone; `before`: special tokens that the tokenizer puts before it. */
function contentIds(tokenizer: PromptTokenizer, text: string, before: number): readonly number[] {
  const { ids, promptTokens } = tokenizer.encode(text);
  return ids.slice(before, before + promptTokens);
}

async function t5Folder(tokenizerJson?: object): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'tokenizer_config.json'), JSON.stringify(CONFIG));
  if (tokenizerJson) await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson));
  else await cp(SPIECE, path.join(folder, 'spiece.model'));
  return folder;
}

/** As transformers 4 converts T5's spiece.model. */
async function convertedFolder(): Promise<string> {
  const definition = await t5TokenizerJson(SPIECE, { eosToken: '</s>', padToken: '<pad>', extraIds: 0 });
  const tidy = [
    { type: 'Strip', strip_left: false, strip_right: true },
    { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
  ];
  return t5Folder({
    ...definition,
    normalizer: { type: 'Sequence', normalizers: [definition.normalizer, ...tidy] },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  });
}

test.each([
  ['pipeline/flux-pipeline-tiny/tokenizer', 1],
  ['pipeline/sd3-pipeline-tiny/tokenizer', 1],
  ['pipeline/flux-pipeline-tiny/tokenizer_2', 0],
  ['t5-precompiled', 0],
  ['t5-converted', 0],
] as const)('%s gives the ids of Hugging Face’s tokenizers for odd strings', async (name, before) => {
  const folders: Record<string, () => Promise<string>> = {
    't5-precompiled': t5Folder,
    't5-converted': convertedFolder,
  };
  const folder = (await folders[name]?.()) ?? path.join(GOLDEN, name);
  const tokenizer = await PromptTokenizer.open(folder, () => LENGTH);
  expect(golden.strings.length).toBeGreaterThan(200);
  const found = golden.strings.map((text) => [text, contentIds(tokenizer, text, before)]);
  expect(found).toEqual(golden.strings.map((text, index) => [text, golden[name]![index]]));
});

describe('spiece.model', () => {
  test('the sentinels that follow its vocabulary are special tokens', async () => {
    const definition = await t5TokenizerJson(SPIECE, { eosToken: '</s>', padToken: '<pad>', extraIds: 2 });
    const { vocab } = definition.model as { vocab: readonly (readonly [string, number])[] };
    expect(vocab.slice(-2).map(([piece]) => piece)).toEqual(['<extra_id_1>', '<extra_id_0>']);
    expect(definition.added_tokens).toContainEqual({
      id: vocab.length - 1,
      content: '<extra_id_0>',
      special: true,
      normalized: false,
    });
  });

  test.each([
    ['damaged', Buffer.from('\x0a\xff\xff\xff\xff\xff\xff'), /spiece\.model: is no sentencepiece model/],
    ['empty', Buffer.alloc(0), /spiece\.model: is empty/],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:d6\nsize 791656\n'),
      /spiece\.model: is a Git LFS pointer of a file of 791656 bytes/,
    ],
  ])('a file that is %s is called so', async (_, bytes, message) => {
    const folder = await t5Folder();
    await writeFile(path.join(folder, 'spiece.model'), bytes);
    await expect(PromptTokenizer.open(folder, () => 8)).rejects.toThrow(message);
  });
});

describe('a precompiled character map', () => {
  test.each([
    ['nothing', ''],
    ['a trie that ends early', Buffer.from([0, 4, 0, 0, 1, 2, 3, 4]).toString('base64')],
    ['half a unit', Buffer.from([2, 0, 0, 0, 1, 2]).toString('base64')],
  ])('of %s is refused', (_, base64) => {
    expect(() => new PrecompiledCharsmap(base64)).toThrow('holds no trie');
  });

  test('whose trie leads nowhere changes nothing', () => {
    const units = Buffer.alloc(8, 0xff);
    units.writeUInt32LE(4);
    expect(new PrecompiledCharsmap(units.toString('base64')).normalize('a\u0301 👩‍👩‍👧\ud800')).toBe(
      'a\u0301 👩‍👩‍👧\ud800',
    );
  });
});
