import type { AppliedCall } from '../../mmdit/attention/applied-call.ts';
import { attentionFlops } from '../../mmdit/attention/attention-flops.ts';
import { FULL, formatMethod, type MethodName } from '../../mmdit/attention/method.ts';
import { schemeChoices } from './apply-scheme.ts';
import type { Scheme } from './scheme.ts';

/** What attention did for a picture, counted from the calls that the device was given, against what its scheme says. */
export interface AppliedReport {
  /** Attention calls: one per step and layer. */
  readonly calls: number;
  /** Those of the scheme, then others that ran. */
  readonly methods: readonly MethodName[];
  /** Heads that ran each method, over all steps and layers. */
  readonly heads: readonly number[];
  /** 1 − attention FLOPs of what ran ÷ those of full attention. */
  readonly sparsity: number;
  readonly steps: readonly { readonly heads: readonly number[]; readonly sparsity: number }[];
  /** Heads that ran another method than the scheme says, or none. 0: the scheme took effect, all of it. */
  readonly mismatches: number;
  /** The first of them in words; null where there is none. */
  readonly firstMismatch: string | null;
}

export interface ExpectedAttention {
  /** The model's, in its order. */
  readonly layers: readonly { readonly name: string; readonly heads: number }[];
  readonly steps: number;
  /** null: full attention everywhere. */
  readonly scheme: Scheme | null;
}

/** `applied`: every call of one picture, or of one batch. */
export function appliedReport(applied: readonly AppliedCall[], expected: ExpectedAttention): AppliedReport {
  const methods: MethodName[] = [...(expected.scheme?.methods ?? [formatMethod(FULL)])];
  const tallies = Array.from({ length: expected.steps }, () => new Tally());
  const beyond = new Tally();
  for (const call of applied) (tallies[call.step] ?? beyond).add(call, methods);
  const all = [...tallies, beyond];
  const mismatches = findMismatches(applied, expected);
  const total = (of: (tally: Tally) => number): number => all.reduce((sum, tally) => sum + of(tally), 0);
  return {
    calls: applied.length,
    methods,
    heads: methods.map((_, method) => total(({ heads }) => heads[method] ?? 0)),
    sparsity: sparsityOf(
      total(({ kept }) => kept),
      total(({ full }) => full),
    ),
    steps: tallies.map(({ heads, kept, full }) => ({
      heads: methods.map((_, method) => heads[method] ?? 0),
      sparsity: sparsityOf(kept, full),
    })),
    mismatches: mismatches.count,
    firstMismatch: mismatches.first,
  };
}

/** Heads and FLOPs of the calls of a step. */
class Tally {
  readonly heads: number[] = [];
  kept = 0;
  full = 0;

  add({ methods: own, layout, block }: AppliedCall, methods: MethodName[]): void {
    for (const method of own) {
      const name = formatMethod(method);
      if (!methods.includes(name)) methods.push(name);
      const index = methods.indexOf(name);
      this.heads[index] = (this.heads[index] ?? 0) + 1;
      this.kept += attentionFlops(layout, block, method, 1);
      this.full += attentionFlops(layout, block, FULL, 1);
    }
  }
}

function sparsityOf(kept: number, full: number): number {
  return full === 0 ? 0 : 1 - kept / full;
}

function findMismatches(applied: readonly AppliedCall[], expected: ExpectedAttention) {
  const { layers, steps } = expected;
  const found: { count: number; first: string | null } = { count: 0, first: null };
  const report = (heads: number, text: string): void => {
    if (heads > 0) found.first ??= text;
    found.count += heads;
  };
  const says = methodsOf(expected);
  const missing = new Set(Array.from({ length: steps * layers.length }, (_, place) => place));
  for (const { step, layer, methods, block } of applied) {
    missing.delete(step * layers.length + layer);
    const where = `step ${step}, ${layers[layer]?.name ?? `layer ${layer}`}`;
    const wanted = says(step, layer);
    const ran = methods.map(formatMethod);
    const wrong = [...ran.keys()].filter((head) => ran[head] !== wanted[head]);
    report(
      wrong.length,
      `${where}, head ${wrong[0]}: expected ${wanted[wrong[0]!] ?? 'nothing'}, ${ran[wrong[0]!]} ran`,
    );
    report(Math.max(0, wanted.length - ran.length), `${where}: expected ${wanted.length} heads, ${ran.length} ran`);
    const made = expected.scheme?.block ?? block;
    const otherBlock = block.join('×') !== made.join('×') && methods.some(({ kind }) => kind === 'arrow');
    if (otherBlock) report(ran.length, `${where}: expected block ${made.join('×')}, ${block.join('×')} ran`);
  }
  for (const place of missing) {
    const { name, heads } = layers[place % layers.length]!;
    report(heads, `step ${Math.floor(place / layers.length)}, ${name}: no attention ran`);
  }
  return found;
}

/** By step and layer of the model, what each head should run. */
function methodsOf({
  scheme,
  layers,
  steps,
}: ExpectedAttention): (step: number, layer: number) => readonly MethodName[] {
  if (scheme === null) return (_step, layer) => new Array(layers[layer]?.heads ?? 0).fill(formatMethod(FULL));
  const choices = schemeChoices(scheme, steps);
  const positions = layers.map(({ name }) => scheme.layers.indexOf(name));
  return (step, layer) => (choices[step]?.[positions[layer]!] ?? []).map((choice) => scheme.methods[choice]!);
}
