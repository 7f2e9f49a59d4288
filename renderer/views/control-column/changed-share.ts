/** The share of heads that two plans of the same steps, layers and heads treat differently. */
export function changedShare(a: Uint8Array, b: Uint8Array): number {
  let changed = 0;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) changed += 1;
  return a.length === 0 ? 0 : changed / a.length;
}
