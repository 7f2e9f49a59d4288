import type { Calibration } from '../../../electron/contract.ts';
import { layerLabel } from '../../plots/layer-label.ts';
import type { Place } from './map-matrix.ts';

/** "Step 4 · D3 · head 2". */
export function placeLabel({ layers }: Calibration, { step, layer, head }: Place): string {
  const whole = `Step ${step} · ${layerLabel(layers[layer]!)}`;
  return head === null ? `${whole} · all heads` : `${whole} · head ${head}`;
}
