import { CheckpointError } from '../checkpoint/checkpoint-error.ts';

export interface ClipSpecialTokens {
  readonly bos_token?: string | null | undefined;
  readonly eos_token?: string | null | undefined;
  readonly unk_token?: string | null | undefined;
  readonly pad_token?: string | null | undefined;
}

const WORDS = "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

/** The `tokenizer.json` that transformers makes of CLIP's `vocab.json` and `merges.txt`. Throws CheckpointError. */
export function clipTokenizerJson(
  file: string,
  vocab: Readonly<Record<string, number>>,
  merges: readonly string[],
  special: ClipSpecialTokens,
): Record<string, unknown> {
  const idOf = (content: string): number => {
    const id = Object.hasOwn(vocab, content) ? vocab[content] : undefined;
    if (id === undefined) throw new CheckpointError(file, `lacks the special token "${content}"`);
    return id;
  };
  const bos = special.bos_token ?? '<|startoftext|>';
  const eos = special.eos_token ?? '<|endoftext|>';
  const unk = special.unk_token ?? eos;
  const pad = special.pad_token ?? eos;
  const names = [...new Set([bos, eos, unk, pad])];
  return {
    version: '1.0',
    padding: { pad_token: pad },
    added_tokens: names.map((content) => ({
      id: idOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: WORDS }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [eos, idOf(eos)],
      cls: [bos, idOf(bos)],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: unk,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges,
    },
  };
}
