/**
 * T5's bidirectional bucket of every key position relative to every query position, [tokens × tokens] row-major.
 * Half of the buckets are for keys after the query; of each half, the nearer part is exact and the farther part grows
 * logarithmically up to `maxDistance`. transformers, T5Attention._relative_position_bucket.
 */
export function relativeBuckets(tokens: number, buckets: number, maxDistance: number): number[] {
  const half = Math.floor(buckets / 2);
  const exact = Math.floor(half / 2);
  const bucketOf = (distance: number): number => {
    if (distance < exact) return distance;
    // float32 as torch computes it: a float64 logarithm would fall on the other side of some boundaries.
    const ratio = Math.fround(Math.log(Math.fround(distance / exact)));
    const scaled = Math.fround(Math.fround(ratio / Math.log(maxDistance / exact)) * (half - exact));
    return Math.min(half - 1, exact + Math.trunc(scaled));
  };
  const byDistance = Array.from({ length: tokens }, (_, distance) => bucketOf(distance));
  const table: number[] = [];
  for (let query = 0; query < tokens; query++) {
    for (let key = 0; key < tokens; key++) {
      table.push((key > query ? half : 0) + (byDistance[Math.abs(key - query)] ?? 0));
    }
  }
  return table;
}
