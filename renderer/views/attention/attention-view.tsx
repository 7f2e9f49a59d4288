/** To be built. */
export function AttentionView() {
  return null;
}
