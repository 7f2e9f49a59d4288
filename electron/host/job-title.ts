import type { JobRequest, ModelSummary } from '../contract.ts';

/** For people: "Calibrate Demo, 512×512, 20 steps". `runName` names a run that a job goes on from. */
export function jobTitle(request: JobRequest, model: ModelSummary | null, runName: string): string {
  const name = model?.name ?? runName;
  switch (request.kind) {
    case 'generate': {
      const { samples, sampling, plan, compare } = request;
      const what = samples.length === 1 ? 'Generate a picture' : `Generate ${samples.length} pictures`;
      const how = plan === null ? '' : compare ? ' both ways' : ' under a scheme';
      return `${what}${how}, ${name}, ${size(sampling)}`;
    }
    case 'calibrate':
      return `Calibrate ${name}, ${size(request.sampling)}, ${request.sampling.steps} steps`;
    case 'resume':
      return `Go on with ${runName}`;
    case 'confirm-search':
      return `Confirm δ ${request.delta}, c ${request.headConstraint ?? 'none'}${request.granularity === 'layer' ? ', layer by layer' : ''}`;
    case 'sweep':
      return `Sweep ${request.deltas.length} × ${request.headConstraints.length} of ${runName}`;
    case 'attention-map':
      return `Attention at step ${request.step + 1}, ${name}`;
    default:
      return request satisfies never;
  }
}

function size({ width, height }: { readonly width: number; readonly height: number }): string {
  return `${width}×${height}`;
}
