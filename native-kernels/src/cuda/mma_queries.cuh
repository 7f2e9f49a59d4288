// A warp's queries on their way over the keys, in FlashAttention-2's order: scores and probabilities stay in registers.
#pragma once
#include "mma_stream.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/math.cuh"
#include "ptx/mma_sync.cuh"

namespace arrowhead::cuda::mma {

inline constexpr uint32_t kWholeWarp = 0xffffffff;

__device__ inline float quadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(kWholeWarp, x, 1));
  return fmaxf(x, __shfl_xor_sync(kWholeWarp, x, 2));
}

__device__ inline float quadSum(float x) {
  x += __shfl_xor_sync(kWholeWarp, x, 1);
  return x + __shfl_xor_sync(kWholeWarp, x, 2);
}

// Rows of a thread: 16 · tile + lane / 4 and 8 further, for each row tile of its warp; columns 2 · (lane % 4) and the
// next of each eight.
template <class T, int dim>
class Queries {
  using Traits = mma::Traits<dim>;

 public:
  static constexpr int kTiles = Traits::kRowTiles;
  static constexpr int kOutputs = dim / 8;

  __device__ explicit Queries(uint32_t queries)
      : queries_(chunkAddress<dim>(queries, threadIdx.x / 32 * 16 * kTiles + threadIdx.x % 16, threadIdx.x % 32 / 16)) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        max_[tile][half] = -INFINITY;
        sum_[tile][half] = 0;
      }
#pragma unroll
      for (int n = 0; n < kOutputs; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) output[tile][n][i] = 0;
    }
  }

  __device__ void attend(KeyStream<dim>& stream, float scaleLog2, float headroom) {
    while (!stream.isDone()) {
      const bool isLast = stream.isLast();
      float scores[kTiles][kScores][4];
      multiplyKeys(scores, stream);
      if (isLast && stream.lastKeys() < Traits::kStepKeys) maskKeys(scores, stream.lastKeys());
      softmax(scores, scaleLog2, headroom);
      multiplyValues(scores, stream);
    }
  }

  // What outputs are multiplied with in the end.
  __device__ float inverseSum(int tile, int half) const { return __fdividef(1, quadSum(sum_[tile][half])); }

  // Not normalised until the end of the walk.
  float output[kTiles][kOutputs][4];

 private:
  static constexpr int kScores = Traits::kStepKeys / 8;

  __device__ void multiplyKeys(float (&scores)[kTiles][kScores][4], KeyStream<dim>& stream) const {
    const uint32_t slot = stream.next();
    const uint32_t keys = chunkAddress<dim>(slot, threadIdx.x % 8 + threadIdx.x % 32 / 16 * 8, threadIdx.x / 8 % 2);
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
      for (int n = 0; n < kScores; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) scores[tile][n][i] = 0;
#pragma unroll
    for (int depth = 0; depth < dim; depth += 16) {
      uint32_t query[kTiles][4];
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile)
        loadMatrices(query[tile], furtherBy<dim>(queries_, 2 * depth) + tile * 16 * Traits::kRowBytes);
#pragma unroll
      for (int n = 0; n < kScores; n += 2) {
        uint32_t key[4];
        loadMatrices(key, furtherBy<dim>(keys, 2 * depth) + n * 8 * Traits::kRowBytes);
#pragma unroll
        for (int tile = 0; tile < kTiles; ++tile) {
          multiplyAdd<T>(scores[tile][n], query[tile], key[0], key[1]);
          multiplyAdd<T>(scores[tile][n + 1], query[tile], key[2], key[3]);
        }
      }
      if (depth == 0) stream.refill(slot);
    }
  }

  __device__ static void maskKeys(float (&scores)[kTiles][kScores][4], int validKeys) {
    const int column = 2 * (threadIdx.x % 4);
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
      for (int n = 0; n < kScores; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i)
          if (8 * n + column + i % 2 >= validKeys) scores[tile][n][i] = -INFINITY;
  }

  // Turns scores into probabilities against the maximum kept, which is raised only where one would pass 2^8: after the
  // first steps that is rare, and outputs need not be rescaled. Sums and outputs have the same factor, so it cancels.
  __device__ void softmax(float (&scores)[kTiles][kScores][4], float scaleLog2, float headroom) {
    float max[kTiles][2];
    bool isHigh = false;
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float highest = fmaxf(scores[tile][0][2 * half], scores[tile][0][2 * half + 1]);
#pragma unroll
        for (int n = 1; n < kScores; ++n)
          highest = fmaxf(highest, fmaxf(scores[tile][n][2 * half], scores[tile][n][2 * half + 1]));
        max[tile][half] = quadMax(highest);
        isHigh |= max[tile][half] > max_[tile][half] + headroom;
      }
    if (__any_sync(kWholeWarp, isHigh)) raise(max, scaleLog2);
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float offset = max_[tile][half] * scaleLog2;
#pragma unroll
        for (int n = 0; n < kScores; ++n)
#pragma unroll
          for (int i = 2 * half; i < 2 * half + 2; ++i) {
            scores[tile][n][i] = exp2Approx(fmaf(scores[tile][n][i], scaleLog2, -offset));
            sum_[tile][half] += scores[tile][n][i];
          }
      }
  }

  __device__ void raise(const float (&max)[kTiles][2], float scaleLog2) {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float before = max_[tile][half];
        max_[tile][half] = fmaxf(before, max[tile][half]);
        const float correction = exp2Approx((before - max_[tile][half]) * scaleLog2);
        sum_[tile][half] *= correction;
#pragma unroll
        for (int n = 0; n < kOutputs; ++n)
#pragma unroll
          for (int i = 2 * half; i < 2 * half + 2; ++i) output[tile][n][i] *= correction;
      }
  }

  // The accumulators of two neighbouring score tiles are laid out as the left side of a product 16 keys deep.
  __device__ void multiplyValues(const float (&scores)[kTiles][kScores][4], KeyStream<dim>& stream) {
    const uint32_t slot = stream.next();
    stream.refill(slot);
    const uint32_t values = chunkAddress<dim>(slot, threadIdx.x % 16, threadIdx.x % 32 / 16);
#pragma unroll
    for (int n = 0; n < kScores; n += 2) {
      uint32_t probability[kTiles][4];
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float(&score)[4] = scores[tile][n + i / 2];
          probability[tile][i] = pack<T>(score[i % 2 * 2], score[i % 2 * 2 + 1]);
        }
#pragma unroll
      for (int column = 0; column < dim; column += 16) {
        uint32_t value[4];
        loadMatricesTransposed(value, furtherBy<dim>(values, 2 * column) + n * 8 * Traits::kRowBytes);
#pragma unroll
        for (int tile = 0; tile < kTiles; ++tile) {
          multiplyAdd<T>(output[tile][column / 8], probability[tile], value[0], value[1]);
          multiplyAdd<T>(output[tile][column / 8 + 1], probability[tile], value[2], value[3]);
        }
      }
    }
  }

  const uint32_t queries_;
  float max_[kTiles][2];
  float sum_[kTiles][2];  // this thread's columns only, until the end
};

}  // namespace arrowhead::cuda::mma
