import type { AblationFile, AblationResult } from './ablation-file.ts';
import { type MeasuredRow, type MeasuredTable, measuredTables } from './ablation-report.ts';

const COLUMNS = ['left out', 'SSIM', 'PSNR', 'LPIPS', 'attention', 'predicted', 'measured', 'search'];
const MISSING = '–';

/** The tables for people: Markdown as GitHub shows it. `plot`: a picture beside it. */
export function ablationMarkdown(ablation: AblationFile, plot: string): string {
  const { model, device, sampling, settings } = ablation;
  const { base, prompts, seeds, evaluation, cost } = settings;
  const tables = measuredTables(ablation);
  const offered = base.candidates.join(', ');
  return [
    `# Ablation: ${cell(model.name)}`,
    '',
    `${sampling.width}×${sampling.height}, ${sampling.steps} steps, guidance ${sampling.guidance}, on ${cell(device)}. Calibrated on ${counted(prompts, 'prompt')} × ${counted(seeds, 'seed')}, judged by ${counted(evaluation, 'other picture')} against full attention. Where a table does not say otherwise: δ ${base.delta}, c ${base.headConstraint ?? 'none'}, candidates ${offered}, a method for every ${base.granularity}, savings by ${cost}. Every row is a search of its own, progressive but for DiTFastAttn's.`,
    '',
    ...tables.flatMap(tableLines),
    `![Attention left out against SSIM](${plot})`,
    '',
    ...notes(tables),
  ].join('\n');
}

function counted({ length }: readonly unknown[], thing: string): string {
  return `${length} ${thing}${length === 1 ? '' : 's'}`;
}

function tableLines({ title, varies, rows }: MeasuredTable): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `## ${title}`,
    '',
    line([varies, ...COLUMNS]),
    line(['---', ...COLUMNS.map(() => '---:')]),
    ...rows.map((row) => line([cell(row.label), ...cellsOf(row)])),
    '',
  ];
}

function cellsOf({ result, reason }: MeasuredRow): readonly string[] {
  if (result !== null) return figures(result);
  const says = reason === null ? 'not made yet' : `cannot run: ${reason}`;
  return [cell(says), ...COLUMNS.slice(1).map(() => MISSING)];
}

function figures(result: AblationResult): readonly string[] {
  const { sparsity, ssim, psnr, lpips, attentionSpeedUp, predictedSpeedUp, measuredSpeedUp, searchSeconds } = result;
  return [
    `${(sparsity * 100).toFixed(1)} %`,
    ssim.toFixed(4),
    psnr === null ? '∞' : `${psnr.toFixed(2)} dB`,
    lpips === null ? MISSING : lpips.toFixed(4),
    attentionSpeedUp === null ? '∞' : factor(attentionSpeedUp),
    factor(predictedSpeedUp),
    factor(measuredSpeedUp),
    searchSeconds === null ? MISSING : `${searchSeconds.toFixed(1)} s`,
  ];
}

function notes(tables: readonly MeasuredTable[]): readonly string[] {
  const results = tables.flatMap(({ rows }) => rows.flatMap(({ result }) => (result === null ? [] : [result])));
  const withoutLpips = results.some(({ lpips }) => lpips === null);
  const wrong = results.filter(({ mismatches }) => mismatches > 0).length;
  return [
    '*Left out*: 1 − attention FLOPs kept ÷ those of full attention. *Attention* and *predicted*: speed-up of attention and of denoising, from FLOPs. *Measured*: wall time of denoising with full attention, taken once at the start, ÷ under the scheme. SSIM, PSNR and LPIPS are means over the pictures.',
    ...(withoutLpips
      ? ['', 'LPIPS needs weights that cannot ship: `arrowhead weights --help` says how to add them.']
      : []),
    ...(wrong > 0
      ? ['', `**${wrong} rows did not run as their schemes say: see applied.json in their folders.**`]
      : []),
    '',
  ];
}

function factor(value: number): string {
  return `${value.toFixed(2)}×`;
}

/** Text that cannot end a cell or a line. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
