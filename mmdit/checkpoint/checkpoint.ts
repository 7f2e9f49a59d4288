import path from 'node:path';
import { z } from 'zod';
import { readSynthetic } from '../synthetic/read-synthetic.ts';
import type { Synthetic } from '../synthetic/synthetic-tensors.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { Component } from './component.ts';
import { type ComponentConfig, readComponentConfig } from './component-config.ts';
import { findCheckpoint } from './find-checkpoint.ts';
import { checkpointName } from './hub-cache.ts';
import { textToImageClass } from './pipeline-class.ts';
import { readJson } from './read-json.ts';
import { fileExists } from './regular-file.ts';

const indexSchema = z.object({ _class_name: z.string() }).catchall(z.unknown());
const componentSchema = z.tuple([z.string().nullable(), z.string().nullable()]);

/** A pipeline folder as diffusers' `save_pretrained` writes it. Opening reads model_index.json alone. */
export class Checkpoint {
  readonly folder: string;
  /** As model_index.json names it. */
  readonly listedClass: string;
  /** The one that makes pictures from text: another than `listedClass` for image to image and the like. */
  readonly pipelineClass: string;
  /** Component name → class name, for those that the pipeline has. */
  readonly components: ReadonlyMap<string, string>;
  /** Every field of model_index.json that is neither private nor null, components included. */
  readonly settings: ReadonlyMap<string, unknown>;
  /** Weights are made from this instead of read; null for an ordinary checkpoint. */
  readonly synthetic: Synthetic | null;

  private constructor(
    folder: string,
    listedClass: string,
    components: ReadonlyMap<string, string>,
    settings: ReadonlyMap<string, unknown>,
    synthetic: Synthetic | null,
  ) {
    this.folder = folder;
    this.listedClass = listedClass;
    this.pipelineClass = textToImageClass(listedClass);
    this.components = components;
    this.settings = settings;
    this.synthetic = synthetic;
  }

  /** `given`: the pipeline's folder, or what findCheckpoint makes one of. Throws CheckpointError. */
  static async open(given: string): Promise<Checkpoint> {
    const folder = await findCheckpoint(given);
    const index = await readJson(path.join(folder, 'model_index.json'), indexSchema);
    const components = new Map<string, string>();
    const settings = new Map<string, unknown>();
    for (const [name, value] of Object.entries(index)) {
      const component = componentSchema.safeParse(value);
      if (component.success && component.data[1] !== null) components.set(name, component.data[1]);
      const isAbsent = value === null || (component.success && component.data[1] === null);
      if (!isAbsent && !name.startsWith('_')) settings.set(name, value);
    }
    return new Checkpoint(folder, index._class_name, components, settings, await readSynthetic(folder));
  }

  /** For people: its repository's name for a snapshot of a hub cache, else the folder's. */
  get name(): string {
    return checkpointName(this.folder);
  }

  /** Path of a component's folder. Throws CheckpointError for one that the pipeline does not have. */
  path(component: string): string {
    if (!this.components.has(component) || component !== path.basename(component) || component === '..') {
      throw new CheckpointError(
        path.join(this.folder, 'model_index.json'),
        `lists no "${component}", which ${this.pipelineClass} needs`,
      );
    }
    return path.join(this.folder, component);
  }

  /** A component's folder, which is there. Throws CheckpointError. */
  async folderOf(component: string): Promise<string> {
    const folder = this.path(component);
    if (!(await fileExists(folder))) throw new CheckpointError(folder, 'is missing; download this part too');
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
