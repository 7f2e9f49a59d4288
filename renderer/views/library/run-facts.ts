import type { RunSummary } from '../../../electron/contract.ts';
import { formatNumber, formatPercent } from '../../design/format.ts';

export const KIND_NAMES: Record<RunSummary['kind'], string> = {
  calibration: 'Calibration',
  generation: 'Pictures',
  sweep: 'Sweep',
  import: 'Import',
};

/** What came of it: "63 % sparse", "SSIM 0.935"; its size where nothing did. */
export function outcomeFacts({ sparsity, ssim, lpips, sampling }: RunSummary): string[] {
  const facts: string[] = [];
  if (sparsity !== null) facts.push(`${formatPercent(sparsity)} sparse`);
  if (ssim !== null) facts.push(`SSIM ${ssim.toFixed(3)}`);
  if (lpips !== null) facts.push(`LPIPS ${lpips.toFixed(3)}`);
  if (facts.length === 0 && sampling !== null)
    facts.push(`${sampling.width} × ${sampling.height}`, `${sampling.steps} steps`);
  return facts;
}

/** What it was made with: "δ 0.2", "c 1.5"; nothing for runs without bounds. */
export function boundFacts({ delta, headConstraint }: RunSummary): string[] {
  if (delta === null) return [];
  return [`δ ${formatNumber(delta)}`, `c ${headConstraint === null ? 'none' : formatNumber(headConstraint)}`];
}

/** "14:03" today, "3 Nov" before: with the clock it would not fit beside the bounds. */
export function showTime(iso: string, now: Date, locale?: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (time.toDateString() === now.toDateString()) return new Intl.DateTimeFormat(locale, clock).format(time);
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  const year: Intl.DateTimeFormatOptions = time.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' };
  return new Intl.DateTimeFormat(locale, { ...day, ...year }).format(time);
}
