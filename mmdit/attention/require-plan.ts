import type { Device } from '../device/device.ts';
import type { AttentionLayer } from '../models/mmdit-model.ts';
import type { AttentionPlan } from './attention-plan.ts';
import { formatMethod, residualFraction, sharesGuidance } from './method.ts';
import { PlanError } from './plan-error.ts';

/**
 * Throws PlanError where a plan was made for other layers, heads or steps, or breaks a rule (nothing is cached before
 * step 1, no residual before a full step, nothing shared without guidance); UnsupportedBlockError where the device does not run its block.
 */
export function requirePlan(
  plan: AttentionPlan,
  layers: readonly AttentionLayer[],
  steps: number,
  device: Device,
  isGuided: boolean,
): void {
  const names = layers.map(({ name }) => name);
  const wrong = names.findIndex((name, n) => name !== plan.layers[n]);
  if (wrong >= 0 || plan.layers.length !== names.length) {
    const at = wrong >= 0 ? wrong : names.length;
    throw new PlanError(
      `The plan is for another model: layer ${at} is ${plan.layers[at] ?? 'missing'}, the model's is ${names[at] ?? 'missing'} (${plan.layers.length} and ${names.length} layers). Calibrate this model`,
    );
  }
  if (plan.choices.length !== steps) {
    throw new PlanError(
      `The plan has ${plan.choices.length} steps, this run ${steps}. Run with ${plan.choices.length} steps, or calibrate for ${steps}`,
    );
  }
  for (const headDim of new Set(layers.map((layer) => layer.headDim))) device.requireBlock(plan.block, headDim);
  plan.choices.forEach((row, step) => {
    if (row.length !== layers.length)
      throw new PlanError(`The plan has ${row.length} layers at step ${step}, the model ${layers.length}`);
    for (const [layer, heads] of row.entries()) requireHeads(plan, heads, step, layers[layer]!);
  });
  requireResiduals(plan);
  if (!isGuided) requireNoSharing(plan);
}

/** A residual is what a full step left. */
function requireResiduals({ choices, methods, layers }: AttentionPlan): void {
  const wasFull = layers.map(() => new Set<number>());
  for (const [step, row] of choices.entries()) {
    for (const [layer, heads] of row.entries()) {
      for (const [head, choice] of heads.entries()) {
        const method = methods[choice]!;
        if (method.kind === 'full') wasFull[layer]!.add(head);
        if (residualFraction(method) !== null && !wasFull[layer]!.has(head))
          throw new PlanError(
            `The plan adds a residual at step ${step}, ${layers[layer]}, head ${head}, which was full at no step before: use full there first`,
          );
      }
    }
  }
}

function requireNoSharing({ choices, methods }: AttentionPlan): void {
  const used = new Set(choices.flat().flatMap((heads) => [...heads]));
  const shared = methods.find((method, index) => used.has(index) && sharesGuidance(method));
  if (shared)
    throw new PlanError(
      `The plan uses ${formatMethod(shared)}, which shares attention between the two halves of classifier-free guidance; this run has none. Use a guidance above 1 with a model that takes negative prompts, or another scheme`,
    );
}

function requireHeads(plan: AttentionPlan, heads: readonly number[], step: number, layer: AttentionLayer): void {
  const where = `step ${step}, ${layer.name}`;
  if (heads.length !== layer.heads)
    throw new PlanError(`The plan has ${heads.length} heads at ${where}, the model ${layer.heads}`);
  for (const choice of heads) {
    const method = plan.methods[choice];
    if (!method)
      throw new PlanError(`The plan has method ${choice} at ${where}; it lists ${plan.methods.length} methods`);
    if (method.kind === 'cached' && step === 0)
      throw new PlanError(`The plan caches at ${where}, but nothing was put out before step 0`);
  }
}
