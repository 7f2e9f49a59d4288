import type { TokenizerDefinition } from './tokenizer-files.ts';

/** Stands in no vocabulary: a word could otherwise be put together from parts. */
const NEVER = '\u{10FFFF}';
/** Rust's `\w+|[^\w\s]+`. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';
const WORDS_AND_SIGNS = `[${WORD}]+|[^${WORD}\\s]+`;

/**
 * Rewrites what @huggingface/tokenizers reads otherwise than the Rust library that transformers uses: it has no
 * WordLevel model, and its Whitespace pre-tokenizer takes only ASCII for words.
 */
export function asTheLibraryReads(definition: TokenizerDefinition): TokenizerDefinition {
  return {
    ...definition,
    model: wordLevelAsWordPiece(definition.model),
    pre_tokenizer: unicodeWhitespace(definition.pre_tokenizer),
  };
}

/** WordPiece is WordLevel when no piece can continue a word: the whole word is found, or only `unk_token` is left. */
function wordLevelAsWordPiece(model: TokenizerDefinition['model']): TokenizerDefinition['model'] {
  if (model.type !== 'WordLevel') return model;
  const words = Array.isArray(model.vocab) ? model.vocab.map(([word]) => word) : Object.keys(model.vocab);
  const longest = words.reduce((length, word) => Math.max(length, [...word].length), 1);
  return { ...model, type: 'WordPiece', continuing_subword_prefix: NEVER, max_input_chars_per_word: longest };
}

function unicodeWhitespace(preTokenizer: unknown): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null || !('type' in preTokenizer)) return preTokenizer;
  if (preTokenizer.type === 'Whitespace') {
    return { type: 'Split', pattern: { Regex: WORDS_AND_SIGNS }, behavior: 'Removed', invert: true };
  }
  if (
    preTokenizer.type === 'Sequence' &&
    'pretokenizers' in preTokenizer &&
    Array.isArray(preTokenizer.pretokenizers)
  ) {
    return { ...preTokenizer, pretokenizers: preTokenizer.pretokenizers.map(unicodeWhitespace) };
  }
  return preTokenizer;
}
