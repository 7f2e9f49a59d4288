import type { MeasuredTable } from './ablation-report.ts';

const HEADER = [
  'label',
  'delta',
  'head_constraint',
  'granularity',
  'ditfastattn_threshold',
  'candidates',
  'sparsity',
  'ssim',
  'psnr_db',
  'lpips',
  'attention_speed_up',
  'predicted_speed_up',
  'measured_speed_up',
  'search_seconds',
  'folder',
  'reason',
];

/** One table as RFC 4180 has it. Absent values are empty; an infinite PSNR or speed-up is `inf`. */
export function ablationCsv({ rows }: MeasuredTable): string {
  const lines = rows.map(({ label, reason, result }) => {
    if (result === null) return [label, ...HEADER.slice(2).map(() => ''), reason ?? 'not made yet'];
    const { search, sparsity, ssim, psnr, lpips, attentionSpeedUp } = result;
    const isGreedy = search.threshold !== null;
    return [
      label,
      isGreedy ? '' : search.delta,
      isGreedy ? '' : (search.headConstraint ?? 'none'),
      search.granularity,
      search.threshold ?? '',
      search.candidates.join(' '),
      sparsity,
      ssim,
      psnr ?? 'inf',
      lpips ?? '',
      attentionSpeedUp ?? 'inf',
      result.predictedSpeedUp,
      result.measuredSpeedUp,
      result.searchSeconds ?? '',
      result.folder,
      '',
    ];
  });
  return [HEADER, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

/** How text begins that a spreadsheet would compute. Numbers are written as they are. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value.replace(FORMULA, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
