import { PlanAttention } from '../attention/plan-attention.ts';
import { Component } from '../checkpoint/component.ts';
import type { Device, Tensor } from '../device/device.ts';
import { deviation, type Deviation, type Verification } from './deviation.ts';
import { ForwardDump } from './forward-dump.ts';
import { familyOf } from './model-families.ts';

/**
 * Runs the transformer in `folder` on the arguments of a dump made with diffusers and compares its outputs:
 * `out.sample` and every `mid.*` of the dump.
 * Throws CheckpointError where folder, dump or their fit is wrong.
 */
export async function verifyTransformer(folder: string, dumpFile: string, device: Device): Promise<Verification> {
  const dump = await ForwardDump.open(dumpFile);
  const component = await Component.open(folder);
  const model = await familyOf(component).open(component, device);
  const attention = new PlanAttention(device, model.shape.layers, null);
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
      tensors[name] = deviation(dump.file, name, await downloads.get(name), (await dump.read(name)).values);
    return { device: device.info.name, tensors };
  } finally {
    attention.close();
    model.close();
    await device.finish();
  }
}
