import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import { SafetensorsFile } from '../checkpoint/safetensors-file.ts';

export interface DumpTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * One recorded call of a diffusers transformer: `in.*` the forward arguments, `out.sample` what it returned, `mid.*` the
 * outputs of its blocks and attention modules.
 */
export class ForwardDump {
  readonly #file: SafetensorsFile;

  private constructor(file: SafetensorsFile) {
    this.#file = file;
  }

  /** Throws CheckpointError. */
  static async open(file: string): Promise<ForwardDump> {
    const dump = new ForwardDump(await SafetensorsFile.open(file, 'make the dump again'));
    if (!dump.references.includes('out.sample'))
      throw new CheckpointError(
        file,
        'has no tensor "out.sample"; expected in.*, out.sample and mid.* of one forward call',
      );
    return dump;
  }

  get file(): string {
    return this.#file.file;
  }

  /** Names of the outputs to compare with. */
  get references(): readonly string[] {
    return this.#file.names.filter((name) => name === 'out.sample' || name.startsWith('mid.'));
  }

  async read(name: string): Promise<DumpTensor> {
    const source = this.#file.tensor(name);
    return { shape: source.shape, values: await readFloats(source) };
  }

  /** `in.<name>`, of that rank. Throws CheckpointError. */
  async argument(name: string, rank: number): Promise<DumpTensor> {
    const tensor = await this.read(`in.${name}`);
    if (tensor.shape.length === rank) return tensor;
    throw new CheckpointError(
      this.file,
      `tensor "in.${name}" must have ${rank} axes, found shape [${tensor.shape.join(', ')}]`,
    );
  }
}
