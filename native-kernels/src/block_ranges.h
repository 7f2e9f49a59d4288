// Which keys a row block of an arrow mask visits. The one place that knows: the CPU kernels, the CUDA kernels, the FLOPs
// count and the overlay in the window all ask it.
#pragma once
#include <cstdint>

#ifdef __CUDACC__
#define ARROWHEAD_HOST_DEVICE __host__ __device__
#else
#define ARROWHEAD_HOST_DEVICE
#endif

namespace arrowhead {

struct TokenLayout {
  int64_t text;
  int64_t image;
  bool textFirst;

  ARROWHEAD_HOST_DEVICE constexpr int64_t tokens() const { return text + image; }
  ARROWHEAD_HOST_DEVICE constexpr int64_t textBegin() const { return textFirst ? 0 : image; }
  ARROWHEAD_HOST_DEVICE constexpr int64_t textEnd() const { return textBegin() + text; }
};

// Mask blocks: `rows` queries by `keys` keys; the grid starts at token 0.
struct BlockSize {
  int64_t rows;
  int64_t keys;
};

struct KeyRange {
  int64_t begin;
  int64_t end;

  ARROWHEAD_HOST_DEVICE constexpr int64_t size() const { return end - begin; }
};

// At most two ranges of key tokens, ascending, disjoint and not touching.
struct KeyRanges {
  KeyRange range[2];
  int count;

  ARROWHEAD_HOST_DEVICE constexpr int64_t keys() const {
    int64_t sum = 0;
    for (int i = 0; i < count; ++i) sum += range[i].size();
    return sum;
  }
};

ARROWHEAD_HOST_DEVICE constexpr int64_t minOf(int64_t a, int64_t b) { return a < b ? a : b; }
ARROWHEAD_HOST_DEVICE constexpr int64_t maxOf(int64_t a, int64_t b) { return a > b ? a : b; }
ARROWHEAD_HOST_DEVICE constexpr int64_t roundDown(int64_t value, int64_t step) { return value / step * step; }
ARROWHEAD_HOST_DEVICE constexpr int64_t roundUp(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

ARROWHEAD_HOST_DEVICE constexpr KeyRanges allKeys(const TokenLayout& layout) {
  return {{{0, layout.tokens()}, {0, 0}}, 1};
}

// Keys kept for row block `rowBlock` under a one-sided half-window in tokens (DiTFastAttnV2 §3.1, on whole blocks):
// every block that holds text, and the band of the row block rounded outward. A row block with any text is dense.
ARROWHEAD_HOST_DEVICE constexpr KeyRanges keptKeys(const TokenLayout& layout, int64_t halfWindow, BlockSize block,
                                                   int64_t rowBlock) {
  const int64_t tokens = layout.tokens();
  const int64_t rowBegin = rowBlock * block.rows;
  const int64_t rowEnd = minOf(rowBegin + block.rows, tokens);
  const bool touchesText = layout.text > 0 && rowBegin < layout.textEnd() && rowEnd > layout.textBegin();
  // A window of all tokens is the widest there is; the minimum keeps sums from overflowing.
  const int64_t window = minOf(halfWindow, tokens);
  const KeyRange band = {roundDown(maxOf(rowBegin - window, 0), block.keys),
                         minOf(roundUp(rowBegin + block.rows + window, block.keys), tokens)};
  if (touchesText) return allKeys(layout);
  if (layout.text == 0) return {{band, {0, 0}}, 1};

  const KeyRange text = {roundDown(layout.textBegin(), block.keys), minOf(roundUp(layout.textEnd(), block.keys), tokens)};
  const KeyRange& first = text.begin <= band.begin ? text : band;
  const KeyRange& second = text.begin <= band.begin ? band : text;
  if (second.begin <= first.end) return {{{first.begin, maxOf(first.end, second.end)}, {0, 0}}, 1};
  return {{first, second}, 2};
}

// Parts of `outer` that `inner` lacks, for nested sets: at most three. Returns their number.
ARROWHEAD_HOST_DEVICE constexpr int keysAdded(const KeyRanges& outer, const KeyRanges& inner, KeyRange (&added)[4]) {
  int count = 0;
  for (int i = 0; i < outer.count; ++i) {
    int64_t position = outer.range[i].begin;
    for (int j = 0; j < inner.count; ++j) {
      const KeyRange& hole = inner.range[j];
      if (hole.end <= position || hole.begin >= outer.range[i].end) continue;
      if (hole.begin > position) added[count++] = {position, hole.begin};
      position = maxOf(position, hole.end);
    }
    if (position < outer.range[i].end) added[count++] = {position, outer.range[i].end};
  }
  return count;
}

}  // namespace arrowhead
