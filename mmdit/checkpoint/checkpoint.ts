import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readSynthetic } from '../synthetic/read-synthetic.ts';
import type { Synthetic } from '../synthetic/synthetic-tensors.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { Component } from './component.ts';
import { type ComponentConfig, readComponentConfig } from './component-config.ts';
import { readJson } from './read-json.ts';
import { requireInside } from './require-inside.ts';

const indexSchema = z.object({ _class_name: z.string() }).catchall(z.unknown());
const componentSchema = z.tuple([z.string().nullable(), z.string().nullable()]);

/** A pipeline folder as diffusers' `save_pretrained` writes it. Opening reads model_index.json alone. */
export class Checkpoint {
  readonly folder: string;
  readonly pipelineClass: string;
  /** Component name → class name, for those that the pipeline has. */
  readonly components: ReadonlyMap<string, string>;
  /** Every field of model_index.json that is neither private nor null, components included. */
  readonly settings: ReadonlyMap<string, unknown>;
  /** Weights are made from this instead of read; null for an ordinary checkpoint. */
  readonly synthetic: Synthetic | null;

  private constructor(
    folder: string,
    pipelineClass: string,
    components: ReadonlyMap<string, string>,
    settings: ReadonlyMap<string, unknown>,
    synthetic: Synthetic | null,
  ) {
    this.folder = folder;
    this.pipelineClass = pipelineClass;
    this.components = components;
    this.settings = settings;
    this.synthetic = synthetic;
  }

  static async open(folder: string): Promise<Checkpoint> {
    const info = await stat(folder).catch(() => null);
    if (!info?.isDirectory())
      throw new CheckpointError(folder, 'is no folder; give the folder that holds model_index.json');
    const index = await readJson(path.join(folder, 'model_index.json'), indexSchema);
    const components = new Map<string, string>();
    const settings = new Map<string, unknown>();
    for (const [name, value] of Object.entries(index)) {
      const component = componentSchema.safeParse(value);
      if (component.success && component.data[1] !== null) components.set(name, component.data[1]);
      const isAbsent = value === null || (component.success && component.data[1] === null);
      if (!isAbsent && !name.startsWith('_')) settings.set(name, value);
    }
    return new Checkpoint(path.resolve(folder), index._class_name, components, settings, await readSynthetic(folder));
  }

  /** Path of a component's folder. Throws CheckpointError for one that the pipeline does not have. */
  path(component: string): string {
    if (!this.components.has(component)) {
      throw new CheckpointError(
        path.join(this.folder, 'model_index.json'),
        `lists no "${component}", which ${this.pipelineClass} needs`,
      );
    }
    return path.join(this.folder, component);
  }

  /** A component's folder, which is there and no link out of the checkpoint. Throws CheckpointError. */
  async folderOf(component: string): Promise<string> {
    const folder = this.path(component);
    await requireInside(this.folder, folder);
    return folder;
  }

  /** A component's config alone. Throws CheckpointError. */
  async config(name: string): Promise<ComponentConfig> {
    return readComponentConfig(await this.folderOf(name));
  }

  /** Opens a component's config and weights. Throws CheckpointError. */
  async component(name: string): Promise<Component> {
    const folder = await this.folderOf(name);
    return this.synthetic ? Component.openSynthetic(folder, this.synthetic) : Component.open(folder);
  }
}
