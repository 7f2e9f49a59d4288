import type { Calibration, Solved } from '../../../electron/contract.ts';
import { type LogRange, toLog } from '../../plots/log-colours.ts';
import type { Selection } from '../../state/selection-slice.ts';

/** Which two of step, layer and head span the map. */
export const MAP_KINDS = ['heads-layers', 'steps-layers', 'steps-heads'] as const;
export type MapKind = (typeof MAP_KINDS)[number];

/** `chosen`: the method; `used`: RSE of what was chosen; else the RSE of that method, chosen or not. */
export type MapColour = 'chosen' | 'used' | `rse:${string}`;

/** A cell's place: the axes that the map does not span are the selection's, or all heads (null). */
export interface Place {
  readonly step: number;
  readonly layer: number;
  readonly head: number | null;
}

export interface MapShape {
  readonly columns: number;
  readonly rows: number;
  /** What a column and a row are. */
  readonly x: 'layer' | 'step' | 'head';
  readonly y: 'layer' | 'step' | 'head';
}

/** Time runs to the right where it is an axis; layers run to the right where it is not. */
export function mapShape(kind: MapKind, { steps, layers, heads }: Calibration): MapShape {
  switch (kind) {
    case 'heads-layers':
      return { x: 'layer', y: 'head', columns: layers.length, rows: heads };
    case 'steps-layers':
      return { x: 'step', y: 'layer', columns: steps, rows: layers.length };
    case 'steps-heads':
      return { x: 'step', y: 'head', columns: steps, rows: heads };
  }
}

export function placeOf(kind: MapKind, column: number, row: number, { step, layer }: Selection): Place {
  switch (kind) {
    case 'heads-layers':
      return { step, layer: column, head: row };
    case 'steps-layers':
      return { step: column, layer: row, head: null };
    case 'steps-heads':
      return { step: column, layer, head: row };
  }
}

/** Where a selection lies in the map. */
export function cellOf(kind: MapKind, { step, layer, head }: Selection): { column: number; row: number } {
  switch (kind) {
    case 'heads-layers':
      return { column: layer, row: head };
    case 'steps-layers':
      return { column: step, row: layer };
    case 'steps-heads':
      return { column: step, row: head };
  }
}

/** Position of a head's method in a table's RSE. */
export function rseIndex({ layers, methods, heads }: Calibration, step: number, layer: number, method: number): number {
  return ((step * layers.length + layer) * methods.length + method) * heads;
}

/** Position of a layer's heads at a step in a plan. */
export function planIndex({ layers, heads }: Calibration, step: number, layer: number): number {
  return (step * layers.length + layer) * heads;
}

/**
 * Values of a map, row by row: method indices for `chosen` of single heads, the share of heads that are not full for
 * `chosen` of whole layers, else log10 of RSE (summed over the heads of a whole layer). NaN: not possible.
 */
export function mapMatrix(
  calibration: Calibration,
  plan: Uint8Array,
  kind: MapKind,
  colour: MapColour,
  selection: Selection,
  range: LogRange,
): Float32Array[] {
  const { columns, rows } = mapShape(kind, calibration);
  const read = cellReader(calibration, plan, colour, range);
  return Array.from({ length: rows }, (_, row) => {
    const values = new Float32Array(columns);
    for (let column = 0; column < columns; column++) values[column] = read(placeOf(kind, column, row, selection));
    return values;
  });
}

function cellReader(
  calibration: Calibration,
  plan: Uint8Array,
  colour: MapColour,
  range: LogRange,
): (place: Place) => number {
  const { methods, heads, rse } = calibration;
  const full = methods.indexOf('full');
  const fixed = colour.startsWith('rse:') ? methods.indexOf(colour.slice('rse:'.length)) : null;
  const headRse = (step: number, layer: number, head: number) => {
    const method = fixed ?? plan[planIndex(calibration, step, layer) + head]!;
    return method === full ? 0 : rse[rseIndex(calibration, step, layer, method) + head]!;
  };
  if (colour === 'chosen') {
    return ({ step, layer, head }) => {
      const begin = planIndex(calibration, step, layer);
      if (head !== null) return plan[begin + head]!;
      let compressed = 0;
      for (let n = 0; n < heads; n++) if (plan[begin + n] !== full) compressed += 1;
      return compressed / heads;
    };
  }
  return ({ step, layer, head }) => {
    if (head !== null) return toLog(headRse(step, layer, head), range);
    let sum = 0;
    for (let n = 0; n < heads; n++) sum += headRse(step, layer, n);
    return toLog(sum, range);
  };
}

/** Everything to be told about a head at a step, or about a layer's heads together. */
export interface CellNumbers {
  readonly place: Place;
  readonly methods: readonly {
    readonly name: string;
    /** Summed over the heads where the place is a whole layer; NaN where not possible. */
    readonly rse: number;
    /** Of the place's heads. */
    readonly chosenBy: number;
  }[];
  readonly heads: number;
  /** Summed RSE of what the layer's heads use. */
  readonly layerRse: number;
}

export function cellNumbers(calibration: Calibration, { plan, rseUsed }: Solved, place: Place): CellNumbers {
  const { methods, heads, layers, rse } = calibration;
  const { step, layer, head } = place;
  const which = head === null ? Array.from({ length: heads }, (_, n) => n) : [head];
  const begin = planIndex(calibration, step, layer);
  return {
    place,
    methods: methods.map((name, method) => ({
      name,
      rse:
        name === 'full' ? 0 : which.reduce((sum, n) => sum + rse[rseIndex(calibration, step, layer, method) + n]!, 0),
      chosenBy: which.filter((n) => plan[begin + n] === method).length,
    })),
    heads: which.length,
    layerRse: rseUsed[step * layers.length + layer]!,
  };
}
