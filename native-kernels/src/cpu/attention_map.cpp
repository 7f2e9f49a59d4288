// One head's probabilities, averaged over cells of the map. Rows are computed one group at a time: memory is N + size².
#include <vector>

#include "attention_tile.h"

namespace arrowhead::ARROWHEAD_ISA {

namespace {

struct MapScratch {
  Scratch q;
  Scratch rows;  // [kRowGroup][padded tokens]
  std::vector<double> cells;
  std::vector<double> prefix;

  MapScratch(int64_t dim, int64_t paddedTokens, int64_t tokens, int64_t size)
      : q(kRowGroup * dim), rows(kRowGroup * paddedTokens), cells(static_cast<size_t>(size)),
        prefix(static_cast<size_t>(tokens + 1)) {}
};

// Scores to probabilities, in place.
void softmax(float* row, int64_t tokens) {
  float largest = -std::numeric_limits<float>::infinity();
  for (int64_t k = 0; k < tokens; ++k) largest = row[k] > largest ? row[k] : largest;
  double sum = 0;
  int64_t k = 0;
  for (; k + kLanes <= tokens; k += kLanes) {
    const Vec p = exp2NonPositive(load(row + k) - splat(largest));
    store(row + k, p);
    sum += horizontalSum(p);
  }
  for (; k < tokens; ++k) {
    row[k] = exp2NonPositive(splat(row[k] - largest))[0];
    sum += row[k];
  }
  const auto inverse = static_cast<float>(1.0 / sum);
  for (k = 0; k < tokens; ++k) row[k] *= inverse;
}

}  // namespace

bool attentionMap(const AttentionMapArgs& args) {
  const AttentionShape& shape = args.shape;
  const int64_t tokens = shape.tokens();
  const int64_t padded = roundUp(tokens, kPanelKeys);
  const int64_t size = (tokens + args.cell - 1) / args.cell;
  const Scratch keys(PackedHead::keyFloats(tokens, shape.dim));
  for (int64_t panel = 0; panel < padded; panel += kPanelKeys)
    packKeyPanel(args.k, args.batchIndex, args.head, tokens, shape.dim, panel, keys.data() + panel * shape.dim);

  ThreadPool& pool = ThreadPool::shared();
  const int threads = pool.threads();
  std::vector<MapScratch> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(shape.dim, padded, tokens, size);
  // Kept mass per map row and candidate, added up in order at the end.
  std::vector<double> kept(static_cast<size_t>(size * args.candidates), 0.0);
  const float factor = args.scale * 1.4426950408889634f;

  const bool done = pool.run(size, threads, args.cancel, [&](int64_t mapRow, int slot) {
    MapScratch& own = scratch[static_cast<size_t>(slot)];
    const int64_t rowBegin = mapRow * args.cell;
    const int64_t rowEnd = minOf(rowBegin + args.cell, tokens);
    std::fill(own.cells.begin(), own.cells.end(), 0.0);
    for (int64_t group = rowBegin; group < rowEnd; group += kRowGroup) {
      const int64_t rows = minOf(kRowGroup, rowEnd - group);
      std::fill_n(own.q.data(), kRowGroup * shape.dim, 0.0f);
      for (int64_t r = 0; r < rows; ++r) {
        const float* from = args.q.data + args.batchIndex * args.q.batchStride + (group + r) * args.q.tokenStride +
                            args.head * shape.dim;
        for (int64_t d = 0; d < shape.dim; ++d) own.q.data()[r * shape.dim + d] = from[d] * factor;
      }
      for (int64_t panel = 0; panel < padded; panel += kPanelKeys)
        scorePanel(own.q.data(), shape.dim, keys.data() + panel * shape.dim, own.rows.data() + panel, padded);
      for (int64_t r = 0; r < rows; ++r) {
        float* row = own.rows.data() + r * padded;
        softmax(row, tokens);
        own.prefix[0] = 0;
        for (int64_t k = 0; k < tokens; ++k) own.prefix[static_cast<size_t>(k + 1)] = own.prefix[static_cast<size_t>(k)] + row[k];
        const auto mass = [&](int64_t begin, int64_t end) {
          return own.prefix[static_cast<size_t>(end)] - own.prefix[static_cast<size_t>(begin)];
        };
        for (int64_t cell = 0; cell < size; ++cell)
          own.cells[static_cast<size_t>(cell)] += mass(cell * args.cell, minOf((cell + 1) * args.cell, tokens));
        for (int64_t n = 0; n < args.candidates; ++n) {
          const KeyRanges ranges =
              keptKeys(shape.layout, args.halfWindows[n], shape.block, (group + r) / shape.block.rows);
          for (int i = 0; i < ranges.count; ++i)
            kept[static_cast<size_t>(mapRow * args.candidates + n)] += mass(ranges.range[i].begin, ranges.range[i].end);
        }
      }
    }
    for (int64_t cell = 0; cell < size; ++cell) {
      const int64_t keysInCell = minOf((cell + 1) * args.cell, tokens) - cell * args.cell;
      args.values[mapRow * size + cell] = static_cast<float>(own.cells[static_cast<size_t>(cell)] /
                                                             static_cast<double>(keysInCell * (rowEnd - rowBegin)));
    }
  });
  if (!done) return false;
  for (int64_t n = 0; n < args.candidates; ++n) {
    args.keptMass[n] = 0;
    for (int64_t row = 0; row < size; ++row) args.keptMass[n] += kept[static_cast<size_t>(row * args.candidates + n)];
    args.keptMass[n] /= static_cast<double>(tokens);
  }
  return true;
}

}  // namespace arrowhead::ARROWHEAD_ISA
