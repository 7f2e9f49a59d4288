import highsModule, { type LegacyHighs } from 'highs';
import type { LayerInstance } from './layer-instance.ts';

// The package's types describe its CommonJS build; what an ES module imports is the loader itself.
const highs = await (highsModule as unknown as () => Promise<LegacyHighs>)();

/** Largest saving of an instance by HiGHS, an independent exact solver of integer programs. */
export function highsSaving(instance: LayerInstance): number {
  const { heads, savings, rse, delta, limit, full } = instance;
  const objective: string[] = [];
  const budget: string[] = [];
  const choose: string[] = [];
  const variables: string[] = [];
  for (let head = 0; head < heads; head++) {
    const options: string[] = [];
    savings.forEach((saving, method) => {
      const error = method === full ? 0 : rse[method * heads + head]!;
      if (!(error >= 0 && error <= limit && error <= delta)) return;
      const variable = `x_${head}_${method}`;
      options.push(variable);
      objective.push(term(method === full ? 0 : saving, variable));
      budget.push(term(error, variable));
    });
    choose.push(` one_${head}: ${options.join(' + ')} = 1`);
    variables.push(...options);
  }
  const problem = [
    'Maximize',
    ` obj: ${objective.join(' ')}`,
    'Subject To',
    ` budget: ${budget.join(' ')} <= ${delta}`,
    ...choose,
    'Binary',
    ` ${variables.join(' ')}`,
    'End',
  ].join('\n');
  const solution = highs.solve(problem, { mip_rel_gap: 0, mip_abs_gap: 0, output_flag: false });
  if (solution.Status !== 'Optimal') throw new Error(`HiGHS ended with ${solution.Status}`);
  return solution.ObjectiveValue;
}

function term(factor: number, variable: string): string {
  return `${factor < 0 ? '-' : '+'} ${Math.abs(factor)} ${variable}`;
}
