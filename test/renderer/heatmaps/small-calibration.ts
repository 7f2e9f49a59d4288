import type { Calibration, Solved } from '../../../electron/contract.ts';

/** 3 steps, 2 layers, full + arrow/8 + cached, 2 heads; RSE = step + layer/10 + method/100 + head/1000, NaN at step 0. */
export function smallCalibration(): Calibration {
  const [steps, heads] = [3, 2];
  const layers = ['transformer_blocks.0.attn', 'single_transformer_blocks.0.attn'];
  const methods = ['full', 'arrow/8', 'cached'];
  const rse = new Float32Array(steps * layers.length * methods.length * heads);
  rse.forEach((_, at) => {
    const head = at % 2;
    const method = Math.floor(at / 2) % 3;
    const layer = Math.floor(at / 6) % 2;
    const step = Math.floor(at / 12);
    if (method === 0) rse[at] = 0;
    else rse[at] = step === 0 ? Number.NaN : step + layer / 10 + method / 100 + head / 1000;
  });
  return {
    run: 'small',
    steps,
    layers,
    methods,
    heads,
    rse,
    plan: null,
    sampling: null,
    search: null,
    savings: [{ source: 'flops', layers: layers.map(() => [0, 2, 3]) }],
  };
}

/** Everything full, but for the heads given as [step, layer, head, method]. */
export function planOf(
  calibration: Calibration,
  chosen: readonly (readonly [number, number, number, number])[],
): Uint8Array<ArrayBuffer> {
  const { steps, layers, heads } = calibration;
  const plan = new Uint8Array(steps * layers.length * heads);
  for (const [step, layer, head, method] of chosen) plan[(step * layers.length + layer) * heads + head] = method;
  return plan;
}

export function solvedWith(calibration: Calibration, plan: Uint8Array<ArrayBuffer>): Solved {
  const rseUsed = new Float32Array(calibration.steps * calibration.layers.length).fill(0.25);
  return {
    ...{ mode: 'preview', plan, rseUsed, budgetShare: 0, overdrawn: 0, ignoredPins: [], headsPerMethod: [] },
    ...{ saving: 0, sparsity: 0, attentionSpeedUp: 1, endToEndSpeedUp: null, milliseconds: 1 },
  };
}
