/** What a text becomes for a transformer. */
export interface Embedding {
  /** [textTokens, contextDim]. */
  readonly context: Float32Array;
  /** [pooledDim]. */
  readonly pooled: Float32Array;
}

export function embeddingBytes({ context, pooled }: Embedding): number {
  return context.byteLength + pooled.byteLength;
}
