// Every arrow window against full attention in one walk. Windows nest (text ∪ arrow/32 ⊂ arrow/16 ⊂ … ⊂ full), so a row
// tile visits the keys of the narrowest first, notes its output, adds the keys that the next one has more, and so on.
#include <algorithm>
#include <numeric>
#include <vector>

#include "attention_tile.h"

namespace arrowhead::ARROWHEAD_ISA {

namespace {

// Sums of one row tile; added up in the order of tiles, so that the result does not depend on the threads.
struct TileSums {
  double sum = 0;
  double sumOfSquares = 0;
};

struct TileScratch {
  AttentionTile tile;
  Scratch full;
  Scratch snapshots;  // [candidates][kTileRows][dim]

  TileScratch(int64_t dim, int64_t candidates)
      : tile(dim), full(kTileRows * dim), snapshots(candidates * kTileRows * dim) {}
};

double squaredDistance(const float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

// Of a + residual, rounded as the kernel that adds it rounds.
double squaredDistance(const float* a, const float* residual, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double difference = static_cast<double>(a[i] + residual[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

}  // namespace

bool measureAttention(const MeasureAttentionArgs& args, AttentionErrorSums& sums) {
  const AttentionShape& shape = args.shape;
  const int64_t tokens = shape.tokens();
  const int64_t pairs = shape.batch * shape.heads;
  const auto candidates = static_cast<size_t>(args.candidates);
  const size_t errorsPerTile = 2 * candidates + args.references.size();
  const auto heads = static_cast<size_t>(shape.heads);

  std::vector<size_t> narrowFirst(candidates);
  std::iota(narrowFirst.begin(), narrowFirst.end(), size_t{0});
  std::stable_sort(narrowFirst.begin(), narrowFirst.end(),
                   [&](size_t a, size_t b) { return args.halfWindows[a] < args.halfWindows[b]; });

  const int threads = ThreadPool::shared().threads();
  std::vector<std::pair<int64_t, int64_t>> rowTiles;  // first row, rows: never across a mask block
  for (int64_t block = 0; block < tokens; block += shape.block.rows)
    for (int64_t row = block; row < minOf(block + shape.block.rows, tokens); row += kTileRows)
      rowTiles.emplace_back(row, minOf(kTileRows, minOf(block + shape.block.rows, tokens) - row));
  const auto tilesPerHead = static_cast<int64_t>(rowTiles.size());

  std::vector<HeadToVisit> units;
  for (int64_t b = 0; b < shape.batch; ++b)
    for (int64_t h = 0; h < shape.heads; ++h) units.push_back({b, h, tilesPerHead});

  std::vector<TileSums> tileSums(static_cast<size_t>(pairs * tilesPerHead));
  // [tiles of all heads][errorsPerTile]
  std::vector<double> squaredErrors(tileSums.size() * errorsPerTile, 0.0);
  std::vector<TileScratch> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(shape.dim, args.candidates);

  const auto visitTile = [&](int64_t unit, int64_t tileIndex, const PackedHead& keys, int slot) {
    TileScratch& own = scratch[static_cast<size_t>(slot)];
    const auto [batch, head, count] = units[static_cast<size_t>(unit)];
    const auto [row, rows] = rowTiles[static_cast<size_t>(tileIndex)];
    const auto index = static_cast<size_t>(unit * tilesPerHead + tileIndex);
    TileSums& out = tileSums[index];
    double* const errors = squaredErrors.data() + index * errorsPerTile;

    own.tile.start(args.q, batch, head, row, rows, args.scale);
    KeyRanges seen = {{{0, 0}, {0, 0}}, 0};
    KeyRange added[4];
    const auto widenTo = [&](const KeyRanges& wider) {
      const int parts = keysAdded(wider, seen, added);
      for (int i = 0; i < parts; ++i) own.tile.visit(keys, added[i]);
      seen = wider;
    };
    for (size_t n = 0; n < candidates; ++n) {
      widenTo(keptKeys(shape.layout, args.halfWindows[narrowFirst[n]], shape.block, row / shape.block.rows));
      for (int64_t r = 0; r < rows; ++r)
        own.tile.finish(r, own.snapshots.data() + (static_cast<int64_t>(n) * kTileRows + r) * shape.dim);
    }
    widenTo(allKeys(shape.layout));

    for (int64_t r = 0; r < rows; ++r) {
      float* full = own.full.data() + r * shape.dim;
      own.tile.finish(r, full);
      for (int64_t d = 0; d < shape.dim; ++d) {
        out.sum += full[d];
        out.sumOfSquares += static_cast<double>(full[d]) * full[d];
      }
      const int64_t place = ((batch * tokens + row + r) * shape.heads + head) * shape.dim;
      for (size_t n = 0; n < candidates; ++n) {
        const float* snapshot = own.snapshots.data() + (static_cast<int64_t>(n) * kTileRows + r) * shape.dim;
        errors[narrowFirst[n]] += squaredDistance(snapshot, full, shape.dim);
        if (const float* residual = args.residuals[narrowFirst[n]])
          errors[candidates + narrowFirst[n]] += squaredDistance(snapshot, residual + place, full, shape.dim);
      }
      for (size_t n = 0; n < args.references.size(); ++n)
        errors[2 * candidates + n] += squaredDistance(args.references[n] + place, full, shape.dim);
    }
  };
  if (!forPackedHeads(shape, args.k, args.v, units, threads, args.cancel, visitTile)) return false;

  sums.sum.assign(heads, 0.0);
  sums.sumOfSquares.assign(heads, 0.0);
  sums.squaredErrors.assign(errorsPerTile * heads, 0.0);
  for (size_t index = 0; index < tileSums.size(); ++index) {
    const size_t head = (index / static_cast<size_t>(tilesPerHead)) % heads;
    const TileSums& tile = tileSums[index];
    sums.sum[head] += tile.sum;
    sums.sumOfSquares[head] += tile.sumOfSquares;
    for (size_t n = 0; n < errorsPerTile; ++n)
      sums.squaredErrors[n * heads + head] += squaredErrors[index * errorsPerTile + n];
  }
  return true;
}

}  // namespace arrowhead::ARROWHEAD_ISA
