import type { Pin } from '../../../electron/contract.ts';
import type { Place } from './map-matrix.ts';

/** How much a pin takes at once, from small to large. */
export const PIN_SCOPES = ['head', 'head-all-steps', 'layer', 'layer-all-steps', 'step'] as const;
export type PinScope = (typeof PIN_SCOPES)[number];

export const SCOPE_LABELS: Readonly<Record<PinScope, string>> = {
  head: 'This head, this step',
  'head-all-steps': 'This head, every step',
  layer: 'This layer, this step',
  'layer-all-steps': 'This layer, every step',
  step: 'This step, all layers',
};

/** A place without a head is a whole layer: its pins are the layer's. */
export function pinAt({ step, layer, head }: Place, scope: PinScope, method: string): Pin {
  switch (scope) {
    case 'head':
      return { step, layer, head, method };
    case 'head-all-steps':
      return { step: null, layer, head, method };
    case 'layer':
      return { step, layer, head: null, method };
    case 'layer-all-steps':
      return { step: null, layer, head: null, method };
    case 'step':
      return { step, layer: null, head: null, method };
  }
}

/** The pin that decides a place: of those that meet it the latest. */
export function pinOf(pins: readonly Pin[], { step, layer, head }: Place): Pin | null {
  return (
    pins.findLast(
      (pin) =>
        (pin.step === null || pin.step === step) &&
        (pin.layer === null || pin.layer === layer) &&
        (pin.head === null || pin.head === head),
    ) ?? null
  );
}

/** Pins without those that decide a place. */
export function withoutPinsAt(pins: readonly Pin[], place: Place): Pin[] {
  let left = [...pins];
  for (let pin = pinOf(left, place); pin !== null; pin = pinOf(left, place))
    left = left.filter((other) => other !== pin);
  return left;
}
