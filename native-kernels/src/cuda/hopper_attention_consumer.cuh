// The consumers' role: QKᵀ, online softmax and PV of 64 queries per warpgroup (FlashAttention-3's order).
#pragma once
#include "hopper_attention_traits.cuh"
#include "ptx/math.cuh"
#include "ptx/warpgroup.cuh"
#include "ptx/wgmma.cuh"

namespace arrowhead::cuda {

// Scores, and the probabilities that become the next product's left side: element [i] of a thread is row
// lane / 4 + 8 · (i / 2 % 2), column 8 · (i / 4) + 2 · (lane % 4) + i % 2 of its warp's 16 rows.
inline constexpr int kScores = kTileKeys / 2;

struct Softmax {
  float max[2];
  float sum[2];  // this thread's columns only, until the end

  __device__ void reset() {
    max[0] = max[1] = -INFINITY;
    sum[0] = sum[1] = 0;
  }
};

__device__ inline float quadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffff, x, 2));
}

__device__ inline float quadSum(float x) {
  x += __shfl_xor_sync(0xffffffff, x, 1);
  return x + __shfl_xor_sync(0xffffffff, x, 2);
}

__device__ inline void maskKeys(float (&scores)[kScores], int validKeys) {
  const int column = 2 * (threadIdx.x % 4);
#pragma unroll
  for (int i = 0; i < kScores; ++i)
    if (column + 8 * (i / 4) + i % 2 >= validKeys) scores[i] = -INFINITY;
}

// Probabilities are taken against a maximum that may be stale by this factor's logarithm: outputs need no rescaling for
// small steps, and 2⁸ is far from what fp16 and sums in float32 cannot hold.
inline constexpr float kStaleLog2 = 8;

// Turns scores into probabilities against the running maximum; `correction` is what earlier sums and outputs shrink by.
// False where no row of the warp has any.
__device__ inline bool onlineSoftmax(float (&scores)[kScores], Softmax& softmax, float scaleLog2, float (&correction)[2]) {
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    // Two chains each, so that one's latency hides behind the other.
    float even = softmax.max[r], odd = scores[2 * r + 1];
#pragma unroll
    for (int i = 0; i < kScores; i += 4) {
      even = fmaxf(even, scores[i + 2 * r]);
      odd = fmaxf(odd, scores[i + 2 * r + 1]);
    }
    float max = quadMax(fmaxf(even, odd));
    const float growth = (max - softmax.max[r]) * scaleLog2;
    if (growth <= kStaleLog2) max = softmax.max[r];
    correction[r] = growth <= kStaleLog2 ? 1 : exp2Approx(-growth);
    softmax.max[r] = max;
    const float offset = max * scaleLog2;
    float evenSum = softmax.sum[r] * correction[r], oddSum = 0;
#pragma unroll
    for (int i = 0; i < kScores; i += 4) {
      float& first = scores[i + 2 * r];
      float& second = scores[i + 2 * r + 1];
      first = exp2Approx(fmaf(first, scaleLog2, -offset));
      second = exp2Approx(fmaf(second, scaleLog2, -offset));
      evenSum += first;
      oddSum += second;
    }
    softmax.sum[r] = evenSum + oddSum;
  }
  return __any_sync(0xffffffff, correction[0] != 1 || correction[1] != 1);
}

template <class T>
__device__ inline void packProbabilities(const float (&scores)[kScores], uint32_t (&packed)[kScores / 2]) {
#pragma unroll
  for (int i = 0; i < kScores / 2; ++i) packed[i] = pack<T>(scores[2 * i], scores[2 * i + 1]);
}

template <int count>
__device__ inline void rescale(float (&output)[count], const float (&factor)[2]) {
#pragma unroll
  for (int i = 0; i < count; ++i) output[i] *= factor[i / 2 % 2];
}

template <class T, int dim>
__device__ inline void multiplyQueryKey(float (&scores)[kScores], uint32_t query, uint32_t key) {
  using Traits = HopperTraits<dim>;
  wgmmaFence();
#pragma unroll
  for (int depth = 0; depth < dim; depth += 16) {
    const uint32_t offset = depth / kSlabColumns * Traits::kSlabBytes + depth % kSlabColumns * 2;
    wgmmaSharedShared<T, kTileKeys>(scores, matrixDescriptor(query + offset, kSwizzleGroupBytes, 16),
                                    matrixDescriptor(key + offset, kSwizzleGroupBytes, 16), depth > 0);
  }
  wgmmaCommit();
}

template <class T, int dim>
__device__ inline void multiplyProbabilityValue(float (&output)[dim / 2], const uint32_t (&probabilities)[kScores / 2],
                                                uint32_t value, int accumulate) {
  using Traits = HopperTraits<dim>;
  wgmmaFence();
#pragma unroll
  for (int depth = 0; depth < kTileKeys; depth += 16) {
    const uint32_t(&a)[4] = *reinterpret_cast<const uint32_t(*)[4]>(&probabilities[depth / 4]);
    wgmmaRegistersShared<T, dim>(
        output, a, matrixDescriptor(value + depth * kSlabRowBytes, kSwizzleGroupBytes, Traits::kSlabBytes),
        depth > 0 || accumulate);
  }
  wgmmaCommit();
}

}  // namespace arrowhead::cuda
