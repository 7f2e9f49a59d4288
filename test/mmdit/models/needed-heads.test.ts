import { afterAll, beforeAll, expect, it } from 'vitest';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import type { Device, ProjectQkvOptions } from '../../../mmdit/device/device.ts';
import { ForwardDump } from '../../../mmdit/models/forward-dump.ts';
import type { AttentionCall } from '../../../mmdit/models/mmdit-model.ts';
import { familyOf } from '../../../mmdit/models/model-families.ts';

let cpu: CpuDevice;
beforeAll(async () => {
  cpu = await CpuDevice.open();
});
afterAll(() => cpu.close());

/** The CPU device, and what it was asked to project, call by call. */
function recording(): { device: Device; asked: ProjectQkvOptions['needed'][] } {
  const asked: ProjectQkvOptions['needed'][] = [];
  const projectQkv: Device['projectQkv'] = (streams, to, options) => {
    asked.push(options.needed);
    cpu.projectQkv(streams, to, options);
  };
  const device = new Proxy(cpu, {
    get(target, name) {
      if (name === 'projectQkv') return projectQkv;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { device, asked };
}

it.each(['flux-tiny', 'sd3-plain', 'sd35-dual'])(
  '%s projects the heads that the attention hook reads',
  async (name) => {
    const folder = `test/golden/${name}`;
    const { device, asked } = recording();
    const component = await Component.open(`${folder}/transformer`);
    const model = await familyOf(component).open(component, device);
    const attention = new PlanAttention(device, model.shape.layers, null);
    const { prepared, sample, timesteps } = await model.prepareDump(await ForwardDump.open(`${folder}/io.safetensors`));
    const input = device.upload(sample.values, sample.shape);
    try {
      const hook = attention.step(0);
      device.release(await prepared.predict(input, timesteps, { attention: hook }));
      expect(asked).toEqual(model.shape.layers.map(() => null));

      asked.length = 0;
      const reads = model.shape.layers.map(() => () => true);
      const picky = Object.assign((call: AttentionCall) => hook(call), { needs: (layer: number) => reads[layer]! });
      device.release(await prepared.predict(input, timesteps, { attention: picky }));
      expect(asked).toEqual(reads);
    } finally {
      device.release(input);
      prepared.close();
      attention.close();
      model.close();
      await device.finish();
    }
  },
);
