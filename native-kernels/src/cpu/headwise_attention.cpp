// Every head by its own method in one call: full, arrow or cached (which costs nothing and touches nothing).
#include <algorithm>
#include <vector>

#include "attention_tile.h"

namespace arrowhead::ARROWHEAD_ISA {

namespace {

struct Tile {
  int64_t slot;  // packed head
  int64_t batch, head, rowBegin, rows;
  KeyRanges keys;
};

std::vector<Tile> tilesOf(const HeadwiseAttentionArgs& args) {
  const AttentionShape& shape = args.shape;
  const int64_t tokens = shape.tokens();
  std::vector<Tile> tiles;
  int64_t slot = 0;
  for (int64_t b = 0; b < shape.batch; ++b) {
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int32_t window = args.halfWindows[h];
      if (window == kCachedHead) continue;
      const bool full = window == kFullHead;
      const int64_t blockRows = full ? kTileRows : shape.block.rows;
      for (int64_t block = 0; block * blockRows < tokens; ++block) {
        const KeyRanges keys = full ? allKeys(shape.layout) : keptKeys(shape.layout, window, shape.block, block);
        const int64_t blockEnd = minOf((block + 1) * blockRows, tokens);
        for (int64_t row = block * blockRows; row < blockEnd; row += kTileRows)
          tiles.push_back({slot, b, h, row, minOf(kTileRows, blockEnd - row), keys});
      }
      ++slot;
    }
  }
  // Longest first keeps the threads busy to the end; stable, so that neighbours share keys in the cache.
  std::stable_sort(tiles.begin(), tiles.end(),
                   [](const Tile& a, const Tile& b) { return a.rows * a.keys.keys() > b.rows * b.keys.keys(); });
  return tiles;
}

}  // namespace

bool headwiseAttention(const HeadwiseAttentionArgs& args) {
  const AttentionShape& shape = args.shape;
  const int64_t tokens = shape.tokens();
  std::vector<int64_t> computed;
  for (int64_t h = 0; h < shape.heads; ++h)
    if (args.halfWindows[h] != kCachedHead) computed.push_back(h);
  if (computed.empty() || tokens == 0) return !args.cancel.requested();

  ThreadPool& pool = ThreadPool::shared();
  const int threads = pool.threads();
  const PackedHeads packed(shape, std::move(computed));
  if (!packed.pack(args.k, args.v, pool, threads, args.cancel)) return false;

  const std::vector<Tile> tiles = tilesOf(args);
  std::vector<AttentionTile> scratch;
  for (int i = 0; i < threads; ++i) scratch.emplace_back(shape.dim);
  return pool.run(static_cast<int64_t>(tiles.size()), threads, args.cancel, [&](int64_t index, int slot) {
    const Tile& tile = tiles[static_cast<size_t>(index)];
    AttentionTile& state = scratch[static_cast<size_t>(slot)];
    state.start(args.q, tile.batch, tile.head, tile.rowBegin, tile.rows, args.scale);
    for (int i = 0; i < tile.keys.count; ++i) state.visit(packed.at(tile.slot), tile.keys.range[i]);
    for (int64_t r = 0; r < tile.rows; ++r)
      state.finish(r, args.out + ((tile.batch * tokens + tile.rowBegin + r) * shape.heads + tile.head) * shape.dim);
  });
}

}  // namespace arrowhead::ARROWHEAD_ISA
