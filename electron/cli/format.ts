/** `48 s`, `3 min 20 s`, `1 h 5 min`: never more exact than a person needs. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function formatPercent(part: number, digits = 1): string {
  return `${(part * 100).toFixed(digits)} %`;
}

/** Binary units, as memory is sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const unit = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0);
  return `${(bytes / 2 ** (10 * unit)).toFixed(unit < 2 ? 0 : 1)} ${units[unit]}`;
}

/** Columns aligned for reading: text to the left, numbers (every cell that starts with a digit or sign) to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = header.length > 0 ? [header, ...rows] : rows;
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? '')].length)));
  const numeric = widths.map((_, column) => rows.every((row) => /^[-+−]?[\d∞–]/.test(row[column] ?? '')));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - [...cell].length);
        return numeric[column] ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}
