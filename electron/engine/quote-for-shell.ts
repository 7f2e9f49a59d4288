/** One word of a POSIX command line, quoted where it needs to be. */
export function quoteForShell(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./×-]+$/.test(word)) return word;
  return /[!"$`\\]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`;
}
