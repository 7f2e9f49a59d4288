import type { TokenizerDefinition } from './tokenizer-files.ts';

/** Stands in no vocabulary: a word could otherwise be put together from parts. */
const NEVER = '\u{10FFFF}';
/** Rust's `\w+|[^\w\s]+`. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';
const WORDS_AND_SIGNS = `[${WORD}]+|[^${WORD}\\s]+`;
/** GPT-2's words, into which `ByteLevel` splits. */
const BYTE_LEVEL_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * Rewrites what @huggingface/tokenizers reads otherwise than the Rust library that transformers uses: it has no
 * WordLevel model, its Whitespace pre-tokenizer takes only ASCII for words, and in every pattern its white space is
 * JavaScript's (with U+FEFF, without U+0085) and not Unicode's.
 */
export function asTheLibraryReads(definition: TokenizerDefinition): TokenizerDefinition {
  return {
    ...definition,
    model: wordLevelAsWordPiece(definition.model),
    normalizer: withUnicodeWhitespace(definition.normalizer),
    pre_tokenizer: withUnicodeWhitespace(definition.pre_tokenizer),
  };
}

/** WordPiece is WordLevel when no piece can continue a word: the whole word is found, or only `unk_token` is left. */
function wordLevelAsWordPiece(model: TokenizerDefinition['model']): TokenizerDefinition['model'] {
  if (model.type !== 'WordLevel') return model;
  const words = Array.isArray(model.vocab) ? model.vocab.map(([word]) => word) : Object.keys(model.vocab);
  const longest = words.reduce((length, word) => Math.max(length, [...word].length), 1);
  return { ...model, type: 'WordPiece', continuing_subword_prefix: NEVER, max_input_chars_per_word: longest };
}

interface Step {
  readonly type?: unknown;
  readonly pattern?: { readonly Regex?: unknown };
  readonly [field: string]: unknown;
}

/** Of a normalizer or a pre-tokenizer, or a sequence of them. */
function withUnicodeWhitespace(step: unknown): unknown {
  if (typeof step !== 'object' || step === null) return step;
  const { type, pattern, normalizers, pretokenizers, add_prefix_space, use_regex = true } = step as Step;
  if (type === 'Whitespace') return split(WORDS_AND_SIGNS, 'Removed');
  if (type === 'WhitespaceSplit') return split('\\S+', 'Removed');
  if (type === 'ByteLevel' && use_regex && add_prefix_space === false)
    return { type: 'Sequence', pretokenizers: [split(BYTE_LEVEL_WORDS, 'Isolated'), { ...step, use_regex: false }] };
  if (typeof pattern?.Regex === 'string') return { ...step, pattern: { Regex: unicodeClasses(pattern.Regex) } };
  if (Array.isArray(normalizers)) return { ...step, normalizers: normalizers.map(withUnicodeWhitespace) };
  if (Array.isArray(pretokenizers)) return { ...step, pretokenizers: pretokenizers.map(withUnicodeWhitespace) };
  return step;
}

/** Into what the pattern matches. */
function split(pattern: string, behavior: 'Removed' | 'Isolated'): object {
  return { type: 'Split', pattern: { Regex: unicodeClasses(pattern) }, behavior, invert: behavior === 'Removed' };
}

function unicodeClasses(pattern: string): string {
  return pattern.replace(/\\(.)/gs, (sequence, character) => {
    if (character === 's') return '\\p{White_Space}';
    return character === 'S' ? '\\P{White_Space}' : sequence;
  });
}
