/**
 * A value as the one line that `--json` prints. JSON has no NaN and no infinity: both become null. Typed arrays become
 * arrays.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field === 'number' && !Number.isFinite(field)) return null;
    if (ArrayBuffer.isView(field) && !(field instanceof DataView))
      return Array.from(field as unknown as Iterable<number>);
    return field;
  });
}
