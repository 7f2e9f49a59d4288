import type { Device } from '../device/device.ts';
import type { AttentionHook, AttentionLayer } from '../models/mmdit-model.ts';
import { findFault } from './output-error.ts';

/**
 * Runs a step once more and looks at what every layer's attention puts out: the name of the first with a fault, null
 * where there is none. Only for a step that went wrong, since it waits for every layer.
 */
export async function findFaultyLayer(
  device: Device,
  layers: readonly AttentionLayer[],
  predict: (attention: AttentionHook) => Promise<unknown>,
  attention: AttentionHook,
): Promise<string | null> {
  let found: string | null = null;
  await predict(async (call) => {
    const out = await attention(call);
    if (found === null && findFault(await device.download(out), out.shape[0] ?? 1) !== null)
      found = layers[call.layer]?.name ?? null;
    return out;
  });
  return found;
}
