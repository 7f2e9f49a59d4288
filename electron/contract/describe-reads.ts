/** How much of a prompt one text encoder reads. */
export interface EncoderReads {
  /** CLIP, T5. */
  readonly encoder: string;
  readonly readTokens: number;
  readonly promptTokens: number;
}

/** Which text encoders cut a prompt, as part of a sentence; null where all read it whole. For host and window alike. */
export function describeReads(reads: readonly EncoderReads[]): string | null {
  const whole = reads.filter(({ readTokens, promptTokens }) => readTokens === promptTokens);
  const cut = reads.filter((reading) => !whole.includes(reading));
  if (cut.length === 0) return null;
  const parts = cut.map(
    ({ encoder, readTokens, promptTokens }) => `${encoder} reads the first ${readTokens} of its ${promptTokens} tokens`,
  );
  return [...parts, ...whole.map(({ encoder }) => `${encoder} reads all of it`)].join(', ');
}
