// Flash attention on one tile of query rows of one head: scores against packed keys, online softmax, weighted values.
// Never more than kTileRows × kChunkKeys scores exist at a time.
#pragma once
#include <algorithm>
#include <limits>

#include "packed_heads.h"

namespace arrowhead::ARROWHEAD_ISA {

inline constexpr int64_t kChunkKeys = 256;
inline constexpr int64_t kTileRows = 32;
static_assert(kChunkKeys % kPanelKeys == 0 && kTileRows % kRowGroup == 0);

// Scores of kRowGroup rows against one panel: s[r][0..kPanelKeys).
inline void scorePanel(const float* q, int64_t dim, const float* panel, float* s, int64_t rowStride) {
  Vec acc[kRowGroup][2] = {};
  for (int64_t d = 0; d < dim; ++d) {
    const Vec k0 = load(panel + d * kPanelKeys);
    const Vec k1 = load(panel + d * kPanelKeys + kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRowGroup; ++r) {
      const Vec b = splat(q[r * dim + d]);
      acc[r][0] += b * k0;
      acc[r][1] += b * k1;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRowGroup; ++r) {
    store(s + r * rowStride, acc[r][0]);
    store(s + r * rowStride + kLanes, acc[r][1]);
  }
}

// o[r][0..columns·kLanes) += Σ_k p[r][k] · v[k][…] for kRowGroup rows.
template <int columns>
inline void addWeightedValues(const float* p, int64_t keys, const float* v, int64_t paddedDim, float* o) {
  Vec acc[kRowGroup][columns];
#pragma GCC unroll 8
  for (int r = 0; r < kRowGroup; ++r)
#pragma GCC unroll 2
    for (int c = 0; c < columns; ++c) acc[r][c] = load(o + r * paddedDim + c * kLanes);
  for (int64_t k = 0; k < keys; ++k) {
    Vec values[columns];
#pragma GCC unroll 2
    for (int c = 0; c < columns; ++c) values[c] = load(v + k * paddedDim + c * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kRowGroup; ++r) {
      const Vec b = splat(p[r * kChunkKeys + k]);
#pragma GCC unroll 2
      for (int c = 0; c < columns; ++c) acc[r][c] += b * values[c];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRowGroup; ++r)
#pragma GCC unroll 2
    for (int c = 0; c < columns; ++c) store(o + r * paddedDim + c * kLanes, acc[r][c]);
}

// A tile of query rows on its way over the keys. Feed it key ranges with `visit`, read the output with `finish`:
// the output so far can be read at any time, which is how nested windows share one walk.
class AttentionTile {
 public:
  explicit AttentionTile(int64_t dim)
      : dim_(dim), paddedDim_(PackedHead::paddedDim(dim)), q_(kTileRows * dim), s_(kTileRows * kChunkKeys),
        o_(kTileRows * paddedDim_) {}

  // Query rows [rowBegin, rowBegin + rows) of one head; rows ≤ kTileRows.
  void start(const HeadsView& q, int64_t batch, int64_t head, int64_t rowBegin, int64_t rows, float scale) {
    rows_ = rows;
    groups_ = roundUp(rows, kRowGroup);
    // Scores in units of log2 e, so that softmax needs exp2 alone.
    const float factor = scale * 1.4426950408889634f;
    const float* first = q.data + batch * q.batchStride + rowBegin * q.tokenStride + head * dim_;
    // Rows lie on a page each, where no hardware prefetcher follows.
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t d = 0; d < dim_; d += 16) __builtin_prefetch(first + r * q.tokenStride + d);
    for (int64_t r = 0; r < rows; ++r) {
      const float* from = first + r * q.tokenStride;
      for (int64_t d = 0; d < dim_; ++d) q_.data()[r * dim_ + d] = from[d] * factor;
    }
    std::fill(q_.data() + rows * dim_, q_.data() + groups_ * dim_, 0.0f);
    std::fill_n(o_.data(), groups_ * paddedDim_, 0.0f);
    std::fill_n(rowMax_, groups_, -std::numeric_limits<float>::infinity());
    std::fill_n(rowSum_, groups_ * kLanes, 0.0f);
  }

  void visit(const PackedHead& head, KeyRange range) {
    for (int64_t chunk = roundDown(range.begin, kPanelKeys); chunk < range.end; chunk += kChunkKeys)
      visitChunk(head, chunk, maxOf(range.begin, chunk), minOf(range.end, chunk + kChunkKeys));
  }

  // Normalised output of row r over what was visited so far: out[0..dim). A row that visited nothing gives NaN.
  void finish(int64_t r, float* out) const {
    const float inverse = 1.0f / horizontalSum(load(rowSum_ + r * kLanes));
    const float* o = o_.data() + r * paddedDim_;
    for (int64_t d = 0; d < dim_; ++d) out[d] = o[d] * inverse;
  }

  int64_t rows() const { return rows_; }

 private:
  // Keys [begin, end) lie in the chunk that starts at a panel boundary.
  void visitChunk(const PackedHead& head, int64_t chunk, int64_t begin, int64_t end) {
    const int64_t panels = roundUp(end - chunk, kPanelKeys);
    for (int64_t r = 0; r < groups_; r += kRowGroup)
      for (int64_t p = 0; p < panels; p += kPanelKeys)
        scorePanel(q_.data() + r * dim_, dim_, head.keys + (chunk + p) * dim_, s_.data() + r * kChunkKeys + p, kChunkKeys);
    for (int64_t r = 0; r < rows_; ++r) softmaxRow(r, panels, begin - chunk, end - chunk);
    const float* values = head.values + begin * paddedDim_;
    for (int64_t r = 0; r < groups_; r += kRowGroup) {
      const float* p = s_.data() + r * kChunkKeys + (begin - chunk);
      float* o = o_.data() + r * paddedDim_;
      int64_t c = 0;
      for (; c + kPanelKeys <= paddedDim_; c += kPanelKeys)
        addWeightedValues<2>(p, end - begin, values + c, paddedDim_, o + c);
      if (c < paddedDim_) addWeightedValues<1>(p, end - begin, values + c, paddedDim_, o + c);
    }
  }

  // Turns scores [lo, hi) of a row into weights and rescales what was summed before; panel lanes outside are ignored.
  void softmaxRow(int64_t r, int64_t panels, int64_t lo, int64_t hi) {
    constexpr float minusInfinity = -std::numeric_limits<float>::infinity();
    float* s = s_.data() + r * kChunkKeys;
    std::fill(s, s + lo, minusInfinity);
    std::fill(s + hi, s + panels, minusInfinity);
    Vec largest = splat(rowMax_[r]);
    for (int64_t k = 0; k < panels; k += kLanes) largest = max(load(s + k), largest);
    const float newMax = horizontalMax(largest);
    if (newMax > rowMax_[r]) {
      const float alpha = exp2NonPositive(splat(rowMax_[r] - newMax))[0];
      float* o = o_.data() + r * paddedDim_;
      for (int64_t d = 0; d < paddedDim_; d += kLanes) store(o + d, load(o + d) * splat(alpha));
      store(rowSum_ + r * kLanes, load(rowSum_ + r * kLanes) * splat(alpha));
      rowMax_[r] = newMax;
    }
    Vec sum = load(rowSum_ + r * kLanes);
    for (int64_t k = 0; k < panels; k += kLanes) {
      const Vec p = exp2NonPositive(load(s + k) - splat(newMax));
      store(s + k, p);
      sum += p;
    }
    store(rowSum_ + r * kLanes, sum);
  }

  int64_t dim_;
  int64_t paddedDim_;
  int64_t rows_ = 0;
  int64_t groups_ = 0;
  Scratch q_, s_, o_;
  float rowMax_[kTileRows];
  // One partial sum per lane, added up when the row is read.
  float rowSum_[kTileRows * kLanes];
};

}  // namespace arrowhead::ARROWHEAD_ISA
