/** A plan that does not fit the model, the sampler or the device. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}
