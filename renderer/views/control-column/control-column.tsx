/** To be built. */
export function ControlColumn() {
  return null;
}
