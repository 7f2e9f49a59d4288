import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { fluxFamily } from './flux.ts';
import type { ModelFamily } from './mmdit-model.ts';
import { sd3Family } from './sd3.ts';

const FAMILIES: readonly ModelFamily[] = [fluxFamily, sd3Family];

/** The family of a transformer folder. Throws CheckpointError listing what is supported. */
export function familyOf(component: Component): ModelFamily {
  const family = FAMILIES.find(({ className }) => className === component.className);
  if (family) return family;
  const known = FAMILIES.map(({ className }) => className).join(', ');
  throw new CheckpointError(component.configFile, `describes a ${component.className}; supported here: ${known}`);
}
