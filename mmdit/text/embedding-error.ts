/** Text encoders put out what is no number. Says where, and what usually causes it. */
export class EmbeddingError extends Error {
  override readonly name = 'EmbeddingError';

  constructor(what: string, found: number, at: number, count: number) {
    super(
      `The text encoders put out ${found} in the ${what} embedding of a prompt (element ${at} of ${count}). Damaged weights, or values beyond what fp16 holds, do that: use text encoders in bf16 or float32`,
    );
  }
}
