/** To be built. */
export function CompareView() {
  return null;
}
