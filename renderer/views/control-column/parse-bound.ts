/** A typed δ or c, or why it is none. `null` stands for "none". */
export type ParsedBound = { readonly value: number | null } | { readonly problem: string };

const LARGEST = 1e6;

/** "0.4", "4e-3", "0,4"; with `allowNone` also "none", "∞" and nothing at all. */
export function parseBound(text: string, allowNone: boolean): ParsedBound {
  const trimmed = text.trim().toLowerCase();
  if (allowNone && ['', 'none', '∞', 'inf', 'infinity'].includes(trimmed)) return { value: null };
  const value = Number(trimmed.replace(',', '.'));
  if (trimmed === '' || Number.isNaN(value))
    return { problem: allowNone ? 'A number or "none"' : 'A number is needed' };
  if (value < 0) return { problem: 'At least 0' };
  if (value > LARGEST) return { problem: allowNone ? 'At most 1000000, or "none"' : 'At most 1000000' };
  return { value };
}

export function showBound(value: number | null): string {
  return value === null ? 'none' : String(value);
}
