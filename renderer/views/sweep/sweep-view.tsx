/** To be built. */
export function SweepView() {
  return null;
}
