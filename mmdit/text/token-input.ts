import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import type { OnnxInput } from '../onnx/onnx-session.ts';

/** Token ids [1, tokens] for a text model. Throws CheckpointError where tokenizer and model do not belong together. */
export function tokenInput(
  component: Component,
  ids: readonly number[],
  tokens: number,
  vocabulary: number,
): OnnxInput {
  if (ids.length !== tokens) throw new RangeError(`expected ${tokens} token ids, got ${ids.length}`);
  const foreign = ids.find((id) => !(id >= 0 && id < vocabulary));
  if (foreign !== undefined) {
    throw new CheckpointError(
      component.configFile,
      `the tokenizer gives id ${foreign}, but vocab_size is ${vocabulary}; tokenizer and text encoder do not match`,
    );
  }
  return { data: BigInt64Array.from(ids, BigInt), shape: [1, tokens] };
}
