// Every head by its own method in one call: full, arrow or cached (which costs nothing and touches nothing), with a
// residual added or, where halves of the batch share, the guided half alone.
#include <vector>

#include "attention_tile.h"

namespace arrowhead::ARROWHEAD_ISA {

namespace {

struct Tile {
  int64_t rowBegin, rows;
  KeyRanges keys;
};

std::vector<Tile> tilesOf(const AttentionShape& shape, int32_t window) {
  const int64_t tokens = shape.tokens();
  const bool full = window == kFullHead;
  const int64_t blockRows = full ? kTileRows : shape.block.rows;
  std::vector<Tile> tiles;
  for (int64_t block = 0; block * blockRows < tokens; ++block) {
    const KeyRanges keys = full ? allKeys(shape.layout) : keptKeys(shape.layout, window, shape.block, block);
    const int64_t blockEnd = minOf((block + 1) * blockRows, tokens);
    for (int64_t row = block * blockRows; row < blockEnd; row += kTileRows)
      tiles.push_back({row, minOf(kTileRows, blockEnd - row), keys});
  }
  return tiles;
}

// What a row puts out, and where else it goes.
void store(const HeadwiseAttentionArgs& args, int64_t head, float* out) {
  const AttentionShape& shape = args.shape;
  const int64_t dim = shape.dim;
  if (const float* addend = args.addend(head)) {
    addend += out - args.out;
    const float sign = args.subtract ? -1.0f : 1.0f;
    for (int64_t d = 0; d < dim; ++d) out[d] = addend[d] + sign * out[d];
  }
  if (args.shares(head)) std::copy_n(out, dim, out - shape.batch / 2 * shape.tokens() * shape.heads * dim);
}

}  // namespace

bool headwiseAttention(const HeadwiseAttentionArgs& args) {
  const AttentionShape& shape = args.shape;
  const int64_t tokens = shape.tokens();
  std::vector<std::vector<Tile>> tiles(static_cast<size_t>(shape.heads));
  std::vector<HeadToVisit> units;
  for (int64_t h = 0; h < shape.heads; ++h)
    if (args.halfWindows[h] != kCachedHead) tiles[static_cast<size_t>(h)] = tilesOf(shape, args.halfWindows[h]);
  for (int64_t b = 0; b < shape.batch; ++b)
    for (int64_t h = 0; h < shape.heads; ++h)
      if (args.halfWindows[h] != kCachedHead && !(args.shares(h) && b < shape.batch / 2))
        units.push_back({b, h, static_cast<int64_t>(tiles[static_cast<size_t>(h)].size())});
  if (units.empty()) return !args.cancel.requested();

  const int threads = ThreadPool::shared().threads();
  std::vector<AttentionTile> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(shape.dim);
  return forPackedHeads(
      shape, args.k, args.v, units, threads, args.cancel,
      [&](int64_t unit, int64_t index, const PackedHead& packed, int slot) {
        const auto [batch, head, count] = units[static_cast<size_t>(unit)];
        const Tile& tile = tiles[static_cast<size_t>(head)][static_cast<size_t>(index)];
        AttentionTile& state = scratch[static_cast<size_t>(slot)];
        state.start(args.q, batch, head, tile.rowBegin, tile.rows, args.scale);
        for (int i = 0; i < tile.keys.count; ++i) state.visit(packed, tile.keys.range[i]);
        for (int64_t r = 0; r < tile.rows; ++r) {
          float* out = args.out + ((batch * tokens + tile.rowBegin + r) * shape.heads + head) * shape.dim;
          state.finish(r, out);
          store(args, head, out);
        }
      });
}

}  // namespace arrowhead::ARROWHEAD_ISA
