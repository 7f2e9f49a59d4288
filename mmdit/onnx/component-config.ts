import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ComponentConfig } from '../checkpoint/component-config.ts';
import { describeQuantisation } from '../checkpoint/quantisation.ts';
import { readFields } from '../checkpoint/read-fields.ts';

/** Fields of any transformers or diffusers config that say nothing about what inference computes. */
const BOOKKEEPING = [
  'architectures',
  'chunk_size_feed_forward',
  'dtype',
  'id2label',
  'label2id',
  'problem_type',
  'tokenizer_class',
  'torchscript',
  'use_bfloat16',
  'torch_dtype',
  'transformers_version',
  'initializer_factor',
  'initializer_range',
  'gradient_checkpointing',
  'output_attentions',
  'output_hidden_states',
  'return_dict',
  'tie_word_embeddings',
  'use_cache',
];

/** Reads a component's config as readFields does, with what all configs may say beside. Throws CheckpointError. */
export function readConfig<Shape extends z.ZodRawShape>(
  component: ComponentConfig,
  read: Shape,
  inert: readonly string[],
): z.output<z.ZodObject<Shape, z.core.$strip>> {
  const { configFile, className, config } = component;
  const quantisation = describeQuantisation(config);
  if (quantisation !== null) {
    throw new CheckpointError(
      configFile,
      `is a quantised checkpoint (${quantisation}), which is not supported; give the original in bf16, fp16 or fp32 (a card can keep it in fp8)`,
    );
  }
  return readFields(configFile, className, config, read, [...inert, ...BOOKKEEPING]);
}

/** Throws CheckpointError naming the class that the component has and those that would do. */
export function requireClass(component: ComponentConfig, supported: readonly string[]): void {
  if (supported.includes(component.className)) return;
  throw new CheckpointError(
    component.configFile,
    `describes ${article(component.className)}; supported here: ${supported.join(', ')}`,
  );
}

/** A positive count, bounded so that a hostile config cannot ask for an absurd graph. */
export function count(max: number): z.ZodNumber {
  return z.number().int().min(1).max(max);
}

function article(name: string): string {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
