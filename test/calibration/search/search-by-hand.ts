import type { CalibrationRequest } from '../../../calibration/search/calibration-request.ts';
import { attentionFlops } from '../../../mmdit/attention/attention-flops.ts';
import { FULL, formatMethod, type HeadMethod, sharesGuidance } from '../../../mmdit/attention/method.ts';
import { bruteForce, bruteForceLayerwise } from '../solver/layer-instance.ts';
import { fakeHead, fakeInput, fakeState, guidedTwin, HEAD_DIM, HEADS, LAYERS, withUnguided } from './fake-pipeline.ts';

const LAYOUT = { text: 2, image: 62, order: 'text-first' } as const;
const headOf = (at: number): number => Math.floor(at / HEAD_DIM) % HEADS;

/** The progressive search written out: what the library must find, by plain loops and enumeration. */
export function searchByHand(request: CalibrationRequest, guided: boolean) {
  const { delta, headConstraint, candidates } = request;
  const choose = request.granularity === 'layer' ? bruteForceLayerwise : bruteForce;
  const { steps } = request.sampling;
  const ordered = candidates.filter(({ kind }) => kind !== 'cached');
  const methods = [FULL, ...ordered, ...candidates.filter(({ kind }) => kind === 'cached')];
  const samples = request.prompts.flatMap((prompt) => request.seeds.map((seed) => ({ prompt, seed })));
  const flops = methods.map((method) => attentionFlops(LAYOUT, [8, 8], method, HEAD_DIM));
  const state = fakeState(guided ? withUnguided(samples) : samples);
  const count = state.length;
  const outputs = LAYERS.map(() => new Float32Array(count));
  const residuals = LAYERS.map(() => new Map<number, Float32Array>());
  const plan: number[][][] = [];
  const errors: number[] = [];
  const source = (at: number, method: HeadMethod) => (sharesGuidance(method) ? guidedTwin(at, count) : at);

  for (let step = 0; step < steps; step++) {
    const chosen = LAYERS.map((_, layer) => {
      const input = fakeInput(state, step, layer);
      const arrow = (at: number, fraction: number) =>
        Math.fround(fakeHead(input[at]!, { kind: 'arrow', fraction }, headOf(at)));
      const under = (method: HeadMethod): Float32Array =>
        input.map((_, at) => {
          const from = source(at, method);
          if (method.kind === 'cached') return outputs[layer]![at]!;
          if (method.kind === 'full') return fakeHead(input[from]!, FULL, headOf(at));
          const residual = method.residual ? (residuals[layer]!.get(method.fraction)?.[from] ?? Number.NaN) : 0;
          return arrow(from, method.fraction) + residual;
        });
      const values = methods.map(under);
      const rse = values.flatMap((output, method) =>
        Array.from({ length: HEADS }, (_, head) => {
          if (method === 0) return 0;
          return step === 0 ? Number.NaN : Math.fround(directRse(output, values[0]!, (at) => headOf(at) === head));
        }),
      );
      errors.push(...rse);
      const { plan: choices } = choose({
        heads: HEADS,
        full: 0,
        savings: flops.map((cost) => flops[0]! - cost),
        rse: Float64Array.from(rse),
        delta,
        limit: headConstraint === null ? Number.POSITIVE_INFINITY : (headConstraint * delta) / HEADS,
      });
      const methodOf = (at: number) => methods[choices[headOf(at)]!]!;
      const output = input.map((_, at) => values[choices[headOf(at)]!]![at]!);
      outputs[layer] = output;
      for (const method of methods) {
        if (method.kind !== 'arrow' || !method.residual) continue;
        const kept = residuals[layer]!.get(method.fraction) ?? new Float32Array(count).fill(Number.NaN);
        for (let at = 0; at < count; at++) {
          if (methodOf(at).kind === 'full') kept[at] = output[at]! - arrow(source(at, methodOf(at)), method.fraction);
        }
        residuals[layer]!.set(method.fraction, kept);
      }
      output.forEach((value, at) => {
        state[at]! += 0.25 * value;
      });
      return [...choices];
    });
    plan.push(chosen);
  }
  return { methods: methods.map(formatMethod), plan, errors, state };
}

function directRse(values: Float32Array, full: Float32Array, isOfHead: (at: number) => boolean): number {
  const indices = Array.from(full.keys()).filter(isOfHead);
  const mean = indices.reduce((sum, at) => sum + full[at]!, 0) / indices.length;
  const error = indices.reduce((sum, at) => sum + (values[at]! - full[at]!) ** 2, 0);
  return error / indices.reduce((sum, at) => sum + (full[at]! - mean) ** 2, 0);
}
