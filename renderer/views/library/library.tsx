/** To be built. */
export function Library() {
  return null;
}
