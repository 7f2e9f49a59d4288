#include <algorithm>
#include <map>

#include "kernels.h"

namespace arrowhead::cuda {

namespace {

KeyWalk walkOf(const KeyRange* ranges, int count, int64_t tokens) {
  KeyWalk walk = {};
  walk.lastKeys = kKeyBlock;
  int runs = 0;
  for (int i = 0; i < count; ++i) {
    if (ranges[i].size() <= 0) continue;
    const auto blocks = static_cast<int32_t>((ranges[i].size() + kKeyBlock - 1) / kKeyBlock);
    walk.firstBlock[runs] = static_cast<int32_t>(ranges[i].begin / kKeyBlock);
    walk.blocks[runs] = blocks;
    walk.totalBlocks += blocks;
    // Ranges ascend, so that only the last can reach the ragged end.
    if (ranges[i].end == tokens && tokens % kKeyBlock != 0) walk.lastKeys = static_cast<int32_t>(tokens % kKeyBlock);
    ++runs;
  }
  return walk;
}

KeyRanges keysOf(const AttentionShape& shape, int32_t window, BlockSize block, int64_t rowBlock) {
  return window == kFullHead ? allKeys(shape.layout) : keptKeys(shape.layout, window, block, rowBlock);
}

int32_t rowBlocksOf(const AttentionShape& shape, BlockSize block) {
  return static_cast<int32_t>((shape.layout.tokens() + block.rows - 1) / block.rows);
}

}  // namespace

BlockSize attentionBlock(int32_t dim) { return dim == 64 ? BlockSize{128, 128} : BlockSize{128, 64}; }

TilePlan planHeadwise(const AttentionShape& shape, const HeadPlan& heads, BlockSize block) {
  const int32_t rowBlocks = rowBlocksOf(shape, block);
  TilePlan plan;
  // One walk per window and row block, shared by heads and batches.
  std::map<int32_t, int32_t> firstWalk;
  for (int32_t h = 0; h < shape.heads; ++h) {
    const int32_t window = heads.halfWindows[h];
    if (window == kCachedHead || !firstWalk.emplace(window, static_cast<int32_t>(plan.walks.size())).second) continue;
    for (int32_t m = 0; m < rowBlocks; ++m) {
      const KeyRanges kept = keysOf(shape, window, block, m);
      plan.walks.push_back(walkOf(kept.range, kept.count, shape.layout.tokens()));
    }
  }
  plan.tiles.reserve(static_cast<size_t>(shape.batch) * shape.heads * rowBlocks);
  for (int32_t b = 0; b < shape.batch; ++b)
    for (int32_t h = 0; h < shape.heads; ++h) {
      const bool shares = heads.sharesGuidance && heads.sharesGuidance[h];
      if (heads.halfWindows[h] == kCachedHead || (shares && b < shape.batch / 2)) continue;
      const int32_t first = firstWalk.at(heads.halfWindows[h]);
      const int32_t addend = heads.addendOf ? heads.addendOf[h] : -1, copyTo = shares ? b - shape.batch / 2 : -1;
      for (int32_t m = 0; m < rowBlocks; ++m) plan.tiles.push_back({h, b, m, first + m, addend, copyTo});
    }
  const int64_t allBlocks = (shape.layout.tokens() + kKeyBlock - 1) / kKeyBlock;
  plan.dense = std::all_of(plan.walks.begin(), plan.walks.end(),
                           [&](const KeyWalk& walk) { return walk.totalBlocks == allBlocks; });
  // Stable: row blocks of one head stay together, and with them its keys in the cache.
  std::stable_sort(plan.tiles.begin(), plan.tiles.end(), [&](const Tile& a, const Tile& b) {
    return plan.walks[a.walk].totalBlocks > plan.walks[b.walk].totalBlocks;
  });
  return plan;
}

TilePlan planMeasure(const AttentionShape& shape, const int32_t* halfWindows, int32_t candidates, BlockSize block) {
  const int32_t rowBlocks = rowBlocksOf(shape, block);
  TilePlan plan;
  for (int32_t m = 0; m < rowBlocks; ++m) {
    KeyRanges inner = {{{0, 0}, {0, 0}}, 0};
    for (int32_t stage = 0; stage <= candidates; ++stage) {
      const KeyRanges outer = keysOf(shape, stage < candidates ? halfWindows[stage] : kFullHead, block, m);
      KeyRange added[4];
      const int count = keysAdded(outer, inner, added);
      plan.walks.push_back(walkOf(added, count, shape.layout.tokens()));
      inner = outer;
    }
  }
  for (int32_t b = 0; b < shape.batch; ++b)
    for (int32_t h = 0; h < shape.heads; ++h)
      for (int32_t m = 0; m < rowBlocks; ++m) plan.tiles.push_back({h, b, m, m * (candidates + 1), -1, -1});
  plan.dense = true;
  return plan;
}

}  // namespace arrowhead::cuda
