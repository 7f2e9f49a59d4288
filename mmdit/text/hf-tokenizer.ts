import { Tokenizer } from '@huggingface/tokenizers';
import { PrecompiledCharsmap } from './precompiled-charsmap.ts';
import { asTheLibraryReads } from './tokenizer-dialect.ts';
import type { TokenizerDefinition } from './tokenizer-files.ts';

interface HfNormalizer {
  readonly config?: {
    readonly type?: string;
    readonly precompiled_charsmap?: string | null;
    readonly strip_left?: boolean;
    readonly strip_right?: boolean;
  };
  readonly normalizers?: readonly (HfNormalizer | null)[];
  normalize(text: string): string;
}

/** What is used of the library's tokenizer: its own declarations do not resolve under Node's module rules. */
export interface HfTokenizer {
  /** null, as the post-processor and the normalizer, where tokenizer.json has none. */
  readonly normalizer: HfNormalizer | null;
  readonly pre_tokenizer: { pre_tokenize_text(text: string): string[] } | null;
  readonly post_processor: {
    post_process(tokens: string[], pair: null, addSpecialTokens: boolean): { tokens: string[] };
  } | null;
  readonly model: { readonly unk_token_id?: number };
  /** An id is undefined for a token that is not in the vocabulary of a model without unknown token. */
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[]; tokens: string[] };
  token_to_id(token: string): number | undefined;
}

/** Gives the ids that Hugging Face's Rust library gives. Throws untyped errors on anything that is not supported. */
export function createHfTokenizer(definition: TokenizerDefinition, config: object): HfTokenizer {
  const tokenizer: HfTokenizer = new Tokenizer(asTheLibraryReads(definition), config);
  correctNormalizers(tokenizer.normalizer);
  return tokenizer;
}

/**
 * Three normalizers of @huggingface/tokenizers differ from the Rust library's: `Precompiled` does not read its character
 * map (it turns zero-width joiners into spaces, for one), `Lowercase` gives a word's last Σ its final form, and `Strip`
 * takes JavaScript's white space.
 */
function correctNormalizers(normalizer: HfNormalizer | null): void {
  if (!normalizer) return;
  const { type, precompiled_charsmap, strip_left, strip_right } = normalizer.config ?? {};
  if (type === 'Precompiled') {
    const charsmap = precompiled_charsmap ? new PrecompiledCharsmap(precompiled_charsmap) : null;
    normalizer.normalize = (text) => charsmap?.normalize(text) ?? text;
  }
  if (type === 'Lowercase') normalizer.normalize = lowercaseEachCharacter;
  if (type === 'Strip') {
    const ends = [strip_left && '^\\p{White_Space}+', strip_right && '\\p{White_Space}+$'].filter(Boolean).join('|');
    if (ends) normalizer.normalize = (text) => text.replace(new RegExp(ends, 'gu'), '');
  }
  for (const inner of normalizer.normalizers ?? []) correctNormalizers(inner);
}

function lowercaseEachCharacter(text: string): string {
  return text.replace(/[^\p{ASCII}]|[A-Z]/gu, (character) => character.toLowerCase());
}
