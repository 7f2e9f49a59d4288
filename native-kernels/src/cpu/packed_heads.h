// Keys and values in the order in which the micro-kernels read them, packed once per call for all row tiles.
#pragma once
#include <utility>
#include <vector>

#include "kernels.h"
#include "scratch.h"
#include "simd.h"

namespace arrowhead::ARROWHEAD_ISA {

inline constexpr int64_t kPanelKeys = 2 * kLanes;

// One head. Keys in panels of kPanelKeys, [panel][dim][kPanelKeys], zero beyond the last; values [key][paddedDim].
struct PackedHead {
  const float* keys;
  const float* values;

  static int64_t paddedDim(int64_t dim) { return roundUp(dim, kLanes); }
  static int64_t keyFloats(int64_t tokens, int64_t dim) { return roundUp(tokens, kPanelKeys) * dim; }
  static int64_t valueFloats(int64_t tokens, int64_t dim) { return tokens * paddedDim(dim); }
};

// Keys [panel, panel + kPanelKeys) of one head, transposed: out[d][key].
inline void packKeyPanel(const HeadsView& k, int64_t batch, int64_t head, int64_t tokens, int64_t dim, int64_t panel, float* out) {
  const float* base = k.data + batch * k.batchStride + head * dim;
  for (int64_t half = 0; half < kPanelKeys; half += kLanes) {
    for (int64_t d = 0; d < dim; d += kLanes) {
      Vec square[kLanes];
      for (int64_t j = 0; j < kLanes; ++j) {
        const int64_t key = panel + half + j;
        square[j] = key < tokens ? loadTail(base + key * k.tokenStride + d, dim - d) : Vec{};
      }
      transpose(square);
      for (int64_t i = 0; i < minOf(kLanes, dim - d); ++i) store(out + (d + i) * kPanelKeys + half, square[i]);
    }
  }
}

inline void packValue(const HeadsView& v, int64_t batch, int64_t head, int64_t dim, int64_t key, float* out) {
  const float* from = v.data + batch * v.batchStride + key * v.tokenStride + head * dim;
  for (int64_t d = 0; d < dim; d += kLanes) store(out + d, loadTail(from + d, dim - d));
}

// Keys and values of the heads of a call, batch by batch: slot = batch · heads.size() + position in `heads`.
class PackedHeads {
 public:
  PackedHeads(const AttentionShape& shape, std::vector<int64_t> heads)
      : shape_(shape), heads_(std::move(heads)), keyFloats_(PackedHead::keyFloats(shape.tokens(), shape.dim)),
        valueFloats_(PackedHead::valueFloats(shape.tokens(), shape.dim)),
        keys_(shape.batch * static_cast<int64_t>(heads_.size()) * keyFloats_),
        values_(shape.batch * static_cast<int64_t>(heads_.size()) * valueFloats_) {}

  // False if cancelled. A task is one panel of all heads, so that whole tokens are read in order.
  bool pack(const HeadsView& k, const HeadsView& v, ThreadPool& pool, int threads, const CancelFlag& cancel) const {
    const int64_t tokens = shape_.tokens();
    const int64_t panels = (tokens + kPanelKeys - 1) / kPanelKeys;
    return pool.run(shape_.batch * panels, threads, cancel, [&](int64_t task, int) {
      const int64_t batch = task / panels;
      const int64_t panel = task % panels * kPanelKeys;
      int64_t slot = batch * static_cast<int64_t>(heads_.size());
      for (const int64_t head : heads_) {
        packKeyPanel(k, batch, head, tokens, shape_.dim, panel, keys_.data() + slot * keyFloats_ + panel * shape_.dim);
        float* values = values_.data() + slot * valueFloats_;
        for (int64_t key = panel; key < minOf(panel + kPanelKeys, tokens); ++key)
          packValue(v, batch, head, shape_.dim, key, values + key * PackedHead::paddedDim(shape_.dim));
        ++slot;
      }
    });
  }

  PackedHead at(int64_t slot) const { return {keys_.data() + slot * keyFloats_, values_.data() + slot * valueFloats_}; }

 private:
  AttentionShape shape_;
  std::vector<int64_t> heads_;
  int64_t keyFloats_, valueFloats_;
  Scratch keys_, values_;
};

}  // namespace arrowhead::ARROWHEAD_ISA
