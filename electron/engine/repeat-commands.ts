import type { Run } from '../../calibration/index.ts';
import type { ReportCommand } from '../report/report-data.ts';
import { commandName } from './command-name.ts';
import { quoteForShell } from './quote-for-shell.ts';

export interface RepeatRequest {
  readonly run: Run;
  /** As the user gave it; the demo's where absent. */
  readonly model: string | undefined;
  readonly prompt: string;
  readonly negativePrompt?: string | undefined;
  readonly seed: number;
  readonly scheme: string;
  readonly table: string;
}

/** Command lines that make a run's parts again, with everything that matters spelled out. */
export function repeatCommands(request: RepeatRequest): readonly ReportCommand[] {
  const { run, model, prompt, negativePrompt, seed, scheme, table } = request;
  const { sampling, search } = run.manifest;
  if (!sampling || !search) return [];
  const { steps, guidance, width, height } = sampling;
  const common = [
    ...(model === undefined ? [] : ['--model', model]),
    ...['--steps', String(steps), '--size', `${width}x${height}`, '--guidance', String(guidance)],
  ];
  const budget = [
    ...['--delta', String(search.delta), '--head-constraint', String(search.headConstraint ?? 'none')],
    ...(search.granularity === 'layer' ? ['--granularity', 'layer'] : []),
  ];
  const picture = ['generate', ...common, '--prompt', prompt, ...negative(negativePrompt), '--seed', String(seed)];
  const searched = ['--prompt', ...search.prompts, ...negative(search.negativePrompt)];
  return [
    {
      purpose: 'The search, into a folder of its own',
      line: commandLine([
        ...['calibrate', ...common, ...searched, '--seed', ...search.seeds.map(String), ...budget],
        ...['--candidates', search.candidates.join(','), '--cost', search.cost, '--out', 'runs/again'],
      ]),
    },
    { purpose: 'The original picture', line: commandLine([...picture, '--out', 'original.png']) },
    {
      purpose: 'The compressed picture, under the scheme of this run',
      line: commandLine([...picture, '--scheme', scheme, '--out', 'compressed.png']),
    },
    { purpose: 'How far they are apart', line: commandLine(['compare', 'original.png', 'compressed.png']) },
    {
      purpose: 'Another budget, previewed from the same table',
      line: commandLine(['solve', table, '--delta', '1', '--head-constraint', 'none']),
    },
  ];
}

/** Longer lines are broken before their options, as a shell takes them too. */
const LONG = 90;

function commandLine(words: readonly string[]): string {
  const quoted = [commandName(), ...words.map(quoteForShell)];
  const line = quoted.join(' ');
  if (line.length <= LONG) return line;
  return quoted.reduce((text, word) => text + (word.startsWith('--') ? ` \\\n  ${word}` : ` ${word}`));
}

function negative(prompt: string | undefined): readonly string[] {
  return prompt === undefined ? [] : ['--negative-prompt', prompt];
}
