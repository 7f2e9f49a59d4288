/** Controls (escape sequences among them), line separators, and what turns the direction of the text around it. */
const HIDDEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** One line with every control character written out as `\u001b`: names and words of files, for people to see. */
export function visibleText(text: string): string {
  return text.replace(HIDDEN, codePoint);
}

/** The same for text of several lines. JSON stays the same JSON. */
export function visibleLines(text: string): string {
  return text.replace(HIDDEN, (character) =>
    character === '\n' || character === '\t' ? character : codePoint(character),
  );
}

function codePoint(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
