import type { SweepPoint } from '../../../electron/contract.ts';
import { formatFactor, formatNumber, formatPercent } from '../../design/format.ts';

export interface SweepColumn {
  readonly key: string;
  readonly label: string;
  /** For a table's head, where the label is long. */
  readonly short?: string;
  /** Whether more of it is better; null for what is neither. */
  readonly better: 'more' | 'less' | null;
  readonly value: (point: SweepPoint) => number | null;
  readonly show: (value: number | null) => string;
}

const factor = (value: number | null) => (value === null ? '—' : formatFactor(value));

export const BOUNDS: readonly SweepColumn[] = [
  { key: 'delta', label: 'δ', better: null, value: ({ delta }) => delta, show: formatNumber },
  {
    key: 'c',
    label: 'c',
    better: null,
    value: ({ headConstraint }) => headConstraint ?? Number.POSITIVE_INFINITY,
    show: (value) => (value === Number.POSITIVE_INFINITY ? 'none' : formatNumber(value)),
  },
];

/** What a scheme saves: the x axis. */
export const SAVINGS: readonly SweepColumn[] = [
  {
    key: 'sparsity',
    label: 'Sparsity',
    better: 'more',
    value: ({ sparsity }) => sparsity,
    show: (value) => (value === null ? '—' : formatPercent(value)),
  },
  {
    key: 'attention',
    label: 'Attention (predicted)',
    short: 'Attention',
    better: 'more',
    value: ({ attentionSpeedUp }) => attentionSpeedUp,
    show: factor,
  },
  {
    key: 'endToEnd',
    label: 'End to end (predicted)',
    short: 'Predicted',
    better: 'more',
    value: ({ endToEndSpeedUp }) => endToEndSpeedUp,
    show: factor,
  },
  {
    key: 'measured',
    label: 'End to end (measured)',
    short: 'Measured',
    better: 'more',
    value: ({ measuredSpeedUp }) => measuredSpeedUp,
    show: factor,
  },
];

/** What it costs: the y axis. */
export const QUALITY: readonly SweepColumn[] = [
  { key: 'ssim', label: 'SSIM', better: 'more', value: ({ ssim }) => ssim, show: (value) => value?.toFixed(4) ?? '—' },
  {
    key: 'psnr',
    label: 'PSNR (dB)',
    better: 'more',
    value: ({ psnr, ssim }) => psnr ?? (ssim === 1 ? Number.POSITIVE_INFINITY : null),
    show: (value) => (value === null ? '—' : value === Number.POSITIVE_INFINITY ? '∞' : value.toFixed(2)),
  },
  {
    key: 'lpips',
    label: 'LPIPS (AlexNet)',
    short: 'LPIPS',
    better: 'less',
    value: ({ lpips }) => lpips,
    show: formatNumber,
  },
  {
    key: 'lpipsPaper',
    label: 'LPIPS (AlexNet), inputs in [0, 1]',
    short: 'LPIPS [0, 1]',
    better: 'less',
    value: ({ lpipsPaper }) => lpipsPaper,
    show: formatNumber,
  },
];

export const COLUMNS: readonly SweepColumn[] = [...BOUNDS, ...SAVINGS, ...QUALITY];

export function columnOf(columns: readonly SweepColumn[], key: string): SweepColumn {
  return columns.find((column) => column.key === key) ?? columns[0]!;
}

/** Columns without those of which nothing was measured, such as LPIPS where its weights were not there. */
export function measuredColumns(
  columns: readonly SweepColumn[],
  points: readonly SweepPoint[],
): readonly SweepColumn[] {
  return columns.filter(({ key, value }) => !key.startsWith('lpips') || points.some((point) => value(point) !== null));
}

/** The points that no other beats in both columns, from the least saving to the largest. */
export function paretoFront(points: readonly SweepPoint[], saving: SweepColumn, quality: SweepColumn): SweepPoint[] {
  const goodness = (point: SweepPoint) => {
    const value = quality.value(point);
    return value === null ? null : quality.better === 'less' ? -value : value;
  };
  const known = points.filter((point) => saving.value(point) !== null && goodness(point) !== null);
  const front = known.filter(
    (point) =>
      !known.some((other) => {
        const [dx, dy] = [saving.value(other)! - saving.value(point)!, goodness(other)! - goodness(point)!];
        return dx >= 0 && dy >= 0 && (dx > 0 || dy > 0);
      }),
  );
  return front.sort((a, b) => saving.value(a)! - saving.value(b)!);
}

/** RFC 4180, one row per point; numbers as they are, for other programs. */
export function sweepCsv(points: readonly SweepPoint[]): string {
  const cell = (value: number | null) => (value === null ? '' : Number.isFinite(value) ? String(value) : 'none');
  const header = ['delta', 'c', 'sparsity', 'attention_speed_up', 'end_to_end_speed_up', 'measured_speed_up'];
  const rows = points.map((point) => COLUMNS.map(({ value }) => cell(value(point))).join(','));
  return `${[[...header, 'ssim', 'psnr', 'lpips', 'lpips_paper'].join(','), ...rows].join('\r\n')}\r\n`;
}
