/** To be built. */
export function HeatmapsView() {
  return null;
}
