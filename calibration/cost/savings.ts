import { attentionFlops } from '../../mmdit/attention/attention-flops.ts';
import { FULL, type MethodName, parseMethod } from '../../mmdit/attention/method.ts';
import { CalibrationError } from '../calibration-error.ts';
import type { RseTable } from '../rse/rse-table.ts';
import { type AttentionShape, perLayout } from './sparsity.ts';

/** What a head saves against full attention, by method. */
export type Savings =
  /** Attention FLOPs of the blocks that the mask leaves out. */
  | { readonly source: 'flops' }
  /** Seconds, timed on the device: per layer, then per method name. */
  | { readonly source: 'measured'; readonly layers: readonly Readonly<Record<MethodName, number>>[] }
  /** The user's own, in any unit, the same for every layer. */
  | { readonly source: 'file'; readonly perMethod: Readonly<Record<MethodName, number>> };

/** Per layer, per method; `full` saves nothing. Layers of equal savings may share one array. */
export type LayerSavings = readonly Float64Array[];

type TableShape = Pick<RseTable, 'layers'> & { readonly sampling: AttentionShape | null };

/** Throws CalibrationError where a method has no saving or the table says too little to count FLOPs. */
export function layerSavings(savings: Savings, methods: readonly MethodName[], table: TableShape): LayerSavings {
  switch (savings.source) {
    case 'flops':
      return flopsSavings(methods, table.sampling);
    case 'measured': {
      if (savings.layers.length !== table.layers.length) {
        throw new CalibrationError(
          `Measured savings: expected ${table.layers.length} layers, found ${savings.layers.length}; measure them anew`,
        );
      }
      const known = new Map<string, Float64Array>();
      return savings.layers.map((perMethod, layer) => {
        const key = JSON.stringify(perMethod);
        const shared = known.get(key) ?? ofMethods(perMethod, methods, `layer ${table.layers[layer]}`);
        known.set(key, shared);
        return shared;
      });
    }
    case 'file': {
      const shared = ofMethods(savings.perMethod, methods, 'the savings file');
      return table.layers.map(() => shared);
    }
  }
}

function flopsSavings(methods: readonly MethodName[], shape: AttentionShape | null): LayerSavings {
  if (!shape) {
    throw new CalibrationError(
      'The RSE table does not say its sampling settings (token layouts, block), so FLOPs cannot be counted. ' +
        'Give a savings file: { "method": number }',
    );
  }
  const { layouts, block, headDim } = shape;
  return perLayout(layouts, (layout) => {
    const full = attentionFlops(layout, block, FULL, headDim);
    return Float64Array.from(methods, (name) => full - attentionFlops(layout, block, parseMethod(name), headDim));
  });
}

function ofMethods(
  perMethod: Readonly<Record<MethodName, number>>,
  methods: readonly MethodName[],
  place: string,
): Float64Array {
  return Float64Array.from(methods, (name) => {
    const saving = Object.hasOwn(perMethod, name) ? perMethod[name] : name === 'full' ? 0 : undefined;
    if (saving === undefined || !Number.isFinite(saving)) {
      throw new CalibrationError(
        `Savings of ${place}: "${name}" needs a finite number, found ${saving}; known are ${Object.keys(perMethod).join(', ') || 'none'}`,
      );
    }
    if (name === 'full' && saving !== 0) {
      throw new CalibrationError(
        `Savings of ${place}: "full" saves 0 by definition, found ${saving}; give every method's saving against full`,
      );
    }
    return saving;
  });
}
