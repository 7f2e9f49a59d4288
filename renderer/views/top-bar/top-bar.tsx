/** To be built. */
export function TopBar() {
  return null;
}
