import { PlanAttention } from '../attention/plan-attention.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { Component } from '../checkpoint/component.ts';
import type { Device, Tensor } from '../device/device.ts';
import { ForwardDump } from './forward-dump.ts';
import { familyOf } from './model-families.ts';

export interface Verification {
  /** The device's name. */
  readonly device: string;
  /** `out.sample` and every `mid.*` of the dump. */
  readonly tensors: Readonly<Record<string, Deviation>>;
}

export interface Deviation {
  /** Largest absolute difference. */
  readonly max: number;
  /** ‖out − ref‖ / ‖ref‖ */
  readonly relative: number;
}

/**
 * Runs the transformer in `folder` on the arguments of a dump made with diffusers and compares its outputs.
 * Throws CheckpointError where folder, dump or their fit is wrong.
 */
export async function verifyTransformer(folder: string, dumpFile: string, device: Device): Promise<Verification> {
  const dump = await ForwardDump.open(dumpFile);
  const component = await Component.open(folder);
  const model = await familyOf(component).open(component, device);
  const attention = new PlanAttention(device, model.layers, null);
  const downloads = new Map<string, Promise<Float32Array>>();
  const take = (name: string, tensor: Tensor) => void downloads.set(name, device.download(tensor));
  try {
    const { prepared, sample, timesteps, arrange } = await model.prepareDump(dump);
    const input = device.upload(sample.values, sample.shape);
    try {
      const observe = (name: string, tensor: Tensor) => take(`mid.${name}`, tensor);
      const output = await prepared.predict(input, timesteps, { attention: attention.step(0), observe });
      const prediction = device.download(output);
      downloads.set('out.sample', arrange ? prediction.then(arrange) : prediction);
      device.release(output);
    } finally {
      device.release(input);
      prepared.close();
    }
    const tensors: Record<string, Deviation> = {};
    for (const name of dump.references)
      tensors[name] = deviation(name, await downloads.get(name), await dump.read(name), dump.file);
    return { device: device.info.name, tensors };
  } finally {
    attention.close();
    model.close();
    await device.finish();
  }
}

function deviation(
  name: string,
  found: Float32Array | undefined,
  reference: { readonly values: Float32Array },
  file: string,
): Deviation {
  const expected = reference.values;
  if (!found) throw new CheckpointError(file, `holds "${name}", which this model has no output for`);
  if (found.length !== expected.length)
    throw new CheckpointError(file, `"${name}" has ${expected.length} elements, the model puts out ${found.length}`);
  let max = 0;
  let squaredError = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    // Written so that a NaN wins over every number.
    if (!(difference <= max)) max = difference;
    squaredError += difference ** 2;
    squares += expected[i]! ** 2;
  }
  return { max, relative: squares === 0 ? Math.sqrt(squaredError) : Math.sqrt(squaredError / squares) };
}
