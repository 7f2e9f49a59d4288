import { useAppStore } from '../../state/app-context.tsx';
import { withPin } from '../../state/tuning.ts';
import type { Place } from './map-matrix.ts';
import { type PinScope, pinAt, withoutPinsAt } from './pinning.ts';

/** Choosing by hand; both can be undone. */
export function usePinning() {
  const store = useAppStore();
  return {
    pin(place: Place, scope: PinScope, method: string) {
      const { tuning, tune } = store.getState();
      if (tuning !== null) tune({ pins: withPin(tuning.pins, pinAt(place, scope, method)) });
    },
    unpin(place: Place) {
      const { tuning, tune } = store.getState();
      if (tuning !== null) tune({ pins: withoutPinsAt(tuning.pins, place) });
    },
  };
}
