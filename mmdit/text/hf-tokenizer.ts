import { Tokenizer } from '@huggingface/tokenizers';

/** What is used of the library's tokenizer: its own declarations do not resolve under Node's module rules. */
export interface HfTokenizer {
  /** null, as the post-processor and the normalizer, where tokenizer.json has none. */
  readonly pre_tokenizer: { pre_tokenize_text(text: string): string[] } | null;
  readonly post_processor: {
    post_process(tokens: string[], pair: null, addSpecialTokens: boolean): { tokens: string[] };
  } | null;
  readonly model: { readonly unk_token_id?: number };
  /** An id is undefined for a token that is not in the vocabulary of a model without unknown token. */
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[]; tokens: string[] };
  token_to_id(token: string): number | undefined;
}

/** Throws the library's untyped errors on anything that it does not support. */
export function createHfTokenizer(definition: object, config: object): HfTokenizer {
  return new Tokenizer(definition, config);
}
