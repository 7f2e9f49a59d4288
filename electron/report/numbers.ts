/** Three significant digits, without needless zeros or exponents: 0.0123, 0.6, 1.5, 2e-7. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** A part of one as a percentage with one decimal. */
export function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

export function seconds(value: number): string {
  if (value < 100) return `${value.toFixed(1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}
