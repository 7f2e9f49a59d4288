import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { LazySession } from '../../../mmdit/onnx/lazy-session.ts';
import type { RgbImage } from '../../../mmdit/pipeline/pipeline.ts';
import { buildLpipsGraph } from './lpips-graph.ts';
import { type LpipsNetwork, parametersOf } from './networks.ts';

/** The linear heads were fitted to judgements on patches of this size; smaller pictures are not judged. */
export const LEAST_LPIPS_SIZE = 64;

/** `standard`: inputs in [−1, 1], as LPIPS's authors do. `paper`: in [0, 1], as DiTFastAttnV2's published script does. */
export type LpipsProtocol = 'standard' | 'paper';

/** LPIPS v0.1 with weights that a user installed: how far two pictures look apart, 0 for equal ones. */
export class Lpips {
  readonly #session: LazySession;

  private constructor(session: LazySession) {
    this.#session = session;
  }

  /** Reads the header alone. Throws CheckpointError naming the file and the first tensor that is missing or misshapen. */
  static async open(network: LpipsNetwork, file: string): Promise<Lpips> {
    const weights = await SafetensorsFile.open(file, 'add the weights again');
    for (const { name, shape } of parametersOf(network)) {
      const found = weights.entries.has(name) ? `[${weights.tensor(name).shape.join(', ')}]` : 'none';
      const expected = `[${shape.join(', ')}]`;
      if (found !== expected) throw new CheckpointError(file, `tensor "${name}": expected ${expected}, found ${found}`);
    }
    return new Lpips(new LazySession(await buildLpipsGraph(network, weights)));
  }

  /** Of two pictures of one size. Throws OnnxError where they are too small to leave the last slice a pixel. */
  async distance(a: RgbImage, b: RgbImage, protocol: LpipsProtocol): Promise<number> {
    const inputs = { a: toInput(a, protocol), b: toInput(b, protocol) };
    const { distance } = await this.#session.run(inputs, ['distance']);
    return distance[0]!;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

function toInput({ width, height, pixels }: RgbImage, protocol: LpipsProtocol) {
  const [scale, shift] = protocol === 'standard' ? [127.5, 1] : [255, 0];
  const count = width * height;
  const data = new Float32Array(3 * count);
  for (let at = 0; at < count; at++) {
    for (let channel = 0; channel < 3; channel++)
      data[channel * count + at] = pixels[at * 3 + channel]! / scale - shift;
  }
  return { data, shape: [1, 3, height, width] };
}
