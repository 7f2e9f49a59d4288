import protobuf from 'protobufjs/light.js';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { describeMistake } from '../checkpoint/mistaken-content.ts';
import { readRegularFile } from '../checkpoint/regular-file.ts';

const MAX_MODEL_BYTES = 64 * 1024 * 1024;

/** `TrainerSpec.ModelType` */
const UNIGRAM = 1;
/** `SentencePiece.Type` */
const CONTROL = 3;
const UNKNOWN = 2;

/** The fields of sentencepiece_model.proto that tokenizing needs, with its numbers and defaults. */
const ModelProto = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        pieces: { rule: 'repeated', type: 'SentencePiece', id: 1 },
        trainerSpec: { type: 'TrainerSpec', id: 2 },
        normalizerSpec: { type: 'NormalizerSpec', id: 3 },
      },
    },
    SentencePiece: {
      fields: {
        piece: { type: 'string', id: 1 },
        score: { type: 'float', id: 2 },
        type: { type: 'int32', id: 3, options: { default: 1 } },
      },
    },
    TrainerSpec: { fields: { modelType: { type: 'int32', id: 3, options: { default: UNIGRAM } } } },
    NormalizerSpec: { fields: { precompiledCharsmap: { type: 'bytes', id: 2 } } },
  },
}).lookupType('ModelProto');

interface SentencepieceModel {
  readonly pieces: readonly { readonly piece: string; readonly score: number; readonly type: number }[];
  readonly trainerSpec: { readonly modelType: number } | null;
  readonly normalizerSpec: { readonly precompiledCharsmap: Uint8Array } | null;
}

export interface T5SpecialTokens {
  readonly eosToken: string;
  readonly padToken: string;
  readonly extraIds: number;
}

/**
 * The `tokenizer.json` that transformers makes of T5's `spiece.model`, whose vocabulary is followed by `extraIds`
 * sentinels in reverse order. Throws CheckpointError.
 */
export async function t5TokenizerJson(
  file: string,
  { eosToken, padToken, extraIds }: T5SpecialTokens,
): Promise<Record<string, unknown>> {
  const { pieces, trainerSpec, normalizerSpec } = await readModel(file);
  if (trainerSpec && trainerSpec.modelType !== UNIGRAM)
    throw new CheckpointError(file, 'is a sentencepiece model of another kind than Unigram, which T5 needs');
  const unknown = pieces.findIndex(({ type }) => type === UNKNOWN);
  if (unknown < 0) throw new CheckpointError(file, 'has no unknown token');
  const eos = pieces.findIndex(({ piece }) => piece === eosToken);
  if (eos < 0) throw new CheckpointError(file, `lacks the special token "${eosToken}"`);
  const sentinels = Array.from({ length: extraIds }, (_, index) => `<extra_id_${extraIds - 1 - index}>`);
  const special = [
    ...pieces.flatMap(({ piece, type }, id) => (type === CONTROL || type === UNKNOWN ? [{ id, content: piece }] : [])),
    ...sentinels.map((content, index) => ({ id: pieces.length + index, content })),
  ];
  const charsmap = normalizerSpec?.precompiledCharsmap ?? new Uint8Array();
  return {
    version: '1.0',
    padding: { pad_token: padToken },
    added_tokens: special.map((token) => ({ ...token, special: true, normalized: false })),
    normalizer:
      charsmap.length > 0
        ? { type: 'Precompiled', precompiled_charsmap: Buffer.from(charsmap).toString('base64') }
        : null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
      ],
    },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: eosToken, type_id: 0 } }],
      pair: [],
      special_tokens: { [eosToken]: { id: eosToken, ids: [eos], tokens: [eosToken] } },
    },
    decoder: null,
    model: {
      type: 'Unigram',
      unk_id: unknown,
      vocab: [
        ...pieces.map(({ piece, score }) => [piece, score] as const),
        ...sentinels.map((content) => [content, 0] as const),
      ],
    },
  };
}

async function readModel(file: string): Promise<SentencepieceModel> {
  const bytes = await readRegularFile(file, MAX_MODEL_BYTES);
  const mistake = describeMistake(bytes);
  if (mistake !== null) throw new CheckpointError(file, mistake);
  try {
    return ModelProto.decode(bytes) as unknown as SentencepieceModel;
  } catch (cause) {
    throw new CheckpointError(file, 'is no sentencepiece model; it is damaged', { cause });
  }
}
