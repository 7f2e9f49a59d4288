import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';

/** Fields of any transformers or diffusers config that say nothing about what inference computes. */
const BOOKKEEPING = [
  '_class_name',
  '_diffusers_version',
  '_name_or_path',
  '_commit_hash',
  '_attn_implementation_autoset',
  'architectures',
  'dtype',
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

/**
 * Reads a component's config strictly: every field is in `read`, or in `inert` (training only, or of a part that is not
 * run), or refused by name. Throws CheckpointError.
 */
export function readConfig<Shape extends z.ZodRawShape>(
  component: Component,
  read: Shape,
  inert: readonly string[],
): z.output<z.ZodObject<Shape, z.core.$strip>> {
  const known = new Set([...Object.keys(read), ...inert, ...BOOKKEEPING]);
  for (const field of Object.keys(component.config)) {
    if (!known.has(field)) {
      throw new CheckpointError(
        component.configFile,
        `field "${field}" of ${component.className} is not supported; this version knows ${Object.keys(read).join(', ')}`,
      );
    }
  }
  const parsed = z.object(read).safeParse(component.config);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CheckpointError(component.configFile, `field "${issue?.path.join('.')}": ${issue?.message}`);
}

/** Throws CheckpointError naming the class that the component has and those that would do. */
export function requireClass(component: Component, supported: readonly string[]): void {
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
