import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { createHfTokenizer, type HfTokenizer } from './hf-tokenizer.ts';
import { PromptError } from './prompt-error.ts';
import { readTokenizerFiles, type TokenizerConfig, type TokenizerDefinition } from './tokenizer-files.ts';

/** Far beyond any text length; tokenizing is not built for whole books. */
const MAX_PROMPT_CHARACTERS = 32_768;
/** Metaspace marks a word's beginning with it; alone it is no content. */
const WORD_MARK = '▁';

export interface EncodedPrompt {
  /** Padded or cut to the text length. */
  readonly ids: readonly number[];
  /** Tokens of the prompt itself, and how many of them fit. */
  readonly promptTokens: number;
  readonly readTokens: number;
}

/** Text → token ids of a fixed length, from the files of a checkpoint's tokenizer folder. */
export class PromptTokenizer {
  readonly tokens: number;
  readonly #tokenizer: HfTokenizer;
  readonly #file: string;
  readonly #padId: number;
  /** What the post-processor puts before and after a prompt. */
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];

  private constructor(file: string, tokenizer: HfTokenizer, padId: number, tokens: number) {
    this.#file = file;
    this.#tokenizer = tokenizer;
    this.#padId = padId;
    this.tokens = tokens;
    const probe = '\u{10FFFE}';
    const framed = tokenizer.post_processor?.post_process([probe], null, true).tokens ?? [probe];
    const at = framed.indexOf(probe);
    this.#prefix = framed.slice(0, at).map((token) => this.#idOf(token));
    this.#suffix = framed.slice(at + 1).map((token) => this.#idOf(token));
    if (tokens <= this.#prefix.length + this.#suffix.length) {
      throw new CheckpointError(file, `a text length of ${tokens} leaves no room beside the special tokens`);
    }
  }

  /** `chooseTokens` gets the folder's model_max_length, if it has one, and returns the text length. */
  static async open(
    folder: string,
    chooseTokens: (modelMaxLength: number | undefined) => number,
  ): Promise<PromptTokenizer> {
    const { file, definition, config } = await readTokenizerFiles(folder);
    try {
      const tokenizer = createHfTokenizer(definition, config);
      const padId = findPadId(file, tokenizer, definition, config);
      return new PromptTokenizer(file, tokenizer, padId, chooseTokens(config.model_max_length));
    } catch (cause) {
      if (cause instanceof CheckpointError) throw cause;
      throw new CheckpointError(file, `is no tokenizer that can be used: ${messageOf(cause)}`, { cause });
    }
  }

  /** Cut on the right and padded on the right, as the diffusers pipelines ask of transformers. Throws PromptError. */
  encode(prompt: string): EncodedPrompt {
    const content = this.#contentIds(prompt);
    const room = this.tokens - this.#prefix.length - this.#suffix.length;
    const ids = [...this.#prefix, ...content.slice(0, room), ...this.#suffix];
    while (ids.length < this.tokens) ids.push(this.#padId);
    return { ids, promptTokens: content.length, readTokens: Math.min(content.length, room) };
  }

  /** How much of a prompt fits. Throws PromptError. */
  reads(prompt: string): { readonly promptTokens: number; readonly readTokens: number } {
    const { promptTokens, readTokens } = this.encode(prompt);
    return { promptTokens, readTokens };
  }

  /** Words that become nothing but the unknown token, in the prompt's spelling, each once. Throws PromptError. */
  ignoredWords(prompt: string): readonly string[] {
    const unknown = this.#tokenizer.model.unk_token_id;
    if (unknown === undefined || !this.#contentIds(prompt).includes(unknown)) return [];
    const words = new Map<string, string>();
    for (const word of prompt.split(/\s+/).flatMap((chunk) => this.#piecesOf(chunk))) {
      const key = word.normalize('NFC').toLowerCase();
      if (!words.has(key) && isWord(word) && this.#isUnknown(word, unknown)) words.set(key, word);
    }
    return [...words.values()];
  }

  #isUnknown(word: string, unknown: number): boolean {
    const { ids, tokens } = this.#tokenizer.encode(word, { add_special_tokens: false });
    return ids.includes(unknown) && ids.every((id, index) => id === unknown || tokens[index] === WORD_MARK);
  }

  /** What the pre-tokenizer splits off (punctuation, as a rule), where that leaves the spelling alone. */
  #piecesOf(chunk: string): readonly string[] {
    const pieces = this.#tokenizer.pre_tokenizer?.pre_tokenize_text(chunk) ?? [chunk];
    const bare = pieces.map((piece) => (piece.startsWith(WORD_MARK) ? piece.slice(WORD_MARK.length) : piece));
    return bare.every((piece) => chunk.includes(piece)) ? bare : [chunk];
  }

  #contentIds(prompt: string): readonly number[] {
    if (prompt.length > MAX_PROMPT_CHARACTERS) {
      throw new PromptError(
        `The prompt is ${prompt.length} characters long; at most ${MAX_PROMPT_CHARACTERS} are read, and only the first ${this.tokens} tokens count`,
      );
    }
    const { ids } = this.#tokenizer.encode(prompt, { add_special_tokens: false });
    return ids.map((id) => {
      if (id !== undefined) return id;
      throw new CheckpointError(this.#file, 'has no unknown token for a part of the prompt that it does not know');
    });
  }

  #idOf(token: string): number {
    const id = this.#tokenizer.token_to_id(token);
    if (id === undefined) throw new CheckpointError(this.#file, `lacks the special token "${token}"`);
    return id;
  }
}

function findPadId(
  file: string,
  tokenizer: HfTokenizer,
  definition: TokenizerDefinition,
  config: TokenizerConfig,
): number {
  const pad = config.pad_token ?? definition.padding?.pad_token;
  const id = pad == null ? undefined : tokenizer.token_to_id(pad);
  if (id === undefined) {
    throw new CheckpointError(
      file,
      `has no padding token${pad == null ? '' : ` "${pad}"`}; tokenizer_config.json must name one of its vocabulary`,
    );
  }
  return id;
}

/** Anything but bare punctuation: an emoji that is ignored is worth a notice, a comma is not. */
function isWord(text: string): boolean {
  return /[^\p{P}\p{C}\s]/u.test(text);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
