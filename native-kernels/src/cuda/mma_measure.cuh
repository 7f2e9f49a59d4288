// What measuring adds: candidates' outputs are set aside as the walk closes them, and compared with full attention at
// its end.
#pragma once
#include "mma_queries.cuh"

namespace arrowhead::cuda::mma {

template <class T, int dim>
__device__ inline float4* snapshotOf(const MeasureArguments& args, int candidate) {
  constexpr int kVectors = Queries<T, dim>::kTiles * Queries<T, dim>::kOutputs;
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * args.compared.candidates + candidate) * kVectors;
  return args.snapshots + first * Traits<dim>::kThreads + fresh(threadIdx.x);
}

// Never fused with what follows: equal outputs must stay equal, in the snapshots and at the end.
__device__ inline float4 normalised(const float (&output)[4], const float (&inverse)[2]) {
  return {__fmul_rn(output[0], inverse[0]), __fmul_rn(output[1], inverse[0]), __fmul_rn(output[2], inverse[1]),
          __fmul_rn(output[3], inverse[1])};
}

template <class T, int dim>
__device__ inline void keepSnapshot(float4* snapshot, const Queries<T, dim>& queries) {
#pragma unroll
  for (int tile = 0; tile < queries.kTiles; ++tile) {
    const float inverse[2] = {queries.inverseSum(tile, 0), queries.inverseSum(tile, 1)};
#pragma unroll
    for (int n = 0; n < queries.kOutputs; ++n)
      snapshot[(tile * queries.kOutputs + n) * Traits<dim>::kThreads] = normalised(queries.output[tile][n], inverse);
  }
}

__device__ inline double warpSum(double x) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(kWholeWarp, x, lanes);
  return x;
}

// Sums of one warp's outputs. Rows past the end of the sequence do not count; columns past the head dim are zeros.
template <class T, int dim>
class Comparison {
  using Rows = Queries<T, dim>;

 public:
  // Normalises the outputs.
  __device__ Comparison(const MeasureArguments& measure, const Arguments& args, const Tile& tile, Rows& queries)
      : measure_(measure), args_(args), tile_(tile), queries_(queries) {
    const uint32_t thread = fresh(threadIdx.x);
    const int warp = thread / 32;
    lane_ = thread % 32;
    firstRow_ = tile.rowBlock * kTileRows + warp * 16 * Rows::kTiles + lane_ / 4;
    const int64_t slot = (static_cast<int64_t>(tile.batch) * args.heads + tile.head) * args.rowBlocks + tile.rowBlock;
    partial_ = measure.partials + (slot * Traits<dim>::kWarps + warp) * measure.compared.values();
  }

  __device__ void run() {
    const Compared& compared = measure_.compared;
    full();
    for (int candidate = 0; candidate < compared.candidates; ++candidate) {
      const float4* snapshot = snapshotOf<T, dim>(measure_, candidate);
      write(2 + candidate, distance(snapshot, nullptr));
      const HeadsView& residual = compared.residuals[candidate];
      write(2 + compared.candidates + candidate, residual.data ? distance(snapshot, &residual) : 0);
    }
    for (int n = 0; n < compared.references; ++n)
      write(2 + 2 * compared.candidates + n, distance(nullptr, &compared.reference[n]));
  }

 private:
  __device__ void write(int index, float value) {
    const double sum = warpSum(value);
    if (lane_ == 0) partial_[index] = sum;
  }

  __device__ bool isThere(int tile, int half) const { return firstRow_ + 16 * tile + 8 * half < args_.tokens; }

  __device__ void full() {
    float sum = 0, squares = 0;
#pragma unroll
    for (int t = 0; t < Rows::kTiles; ++t)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float inverse = queries_.inverseSum(t, half), count = isThere(t, half) ? 1.f : 0.f;
#pragma unroll
        for (int n = 0; n < Rows::kOutputs; ++n) {
          float& first = queries_.output[t][n][2 * half];
          float& second = queries_.output[t][n][2 * half + 1];
          first = __fmul_rn(first, inverse);
          second = __fmul_rn(second, inverse);
          sum += count * (first + second);
          squares += count * (first * first + second * second);
        }
      }
    write(0, sum);
    write(1, squares);
  }

  // Of a snapshot, of what another tensor holds here, or of their sum.
  __device__ float distance(const float4* snapshot, const HeadsView* other) const {
    const T* values = other ? headOf<const T>(*other, tile_.batch, tile_.head, args_.dim) + 2 * (lane_ % 4) : nullptr;
    float error = 0;
#pragma unroll
    for (int t = 0; t < Rows::kTiles; ++t)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        if (!isThere(t, half)) continue;
        const int64_t row = firstRow_ + 16 * t + 8 * half;
#pragma unroll
        for (int n = 0; n < Rows::kOutputs; ++n) {
          float2 found = {0, 0};
          if (snapshot) {
            const float4 kept = snapshot[(t * Rows::kOutputs + n) * Traits<dim>::kThreads];
            found = half == 0 ? float2{kept.x, kept.y} : float2{kept.z, kept.w};
          }
          if (values && 8 * n < args_.dim) {
            const uint32_t pair = *reinterpret_cast<const uint32_t*>(values + row * other->tokenStride + 8 * n);
            const float2 value = unpack<T>(pair);
            found.x += value.x;
            found.y += value.y;
          }
          const float dx = found.x - queries_.output[t][n][2 * half];
          const float dy = found.y - queries_.output[t][n][2 * half + 1];
          error += dx * dx + dy * dy;
        }
      }
    return error;
  }

  const MeasureArguments& measure_;
  const Arguments& args_;
  const Tile& tile_;
  Rows& queries_;
  int lane_;
  int firstRow_;
  double* partial_;
};

}  // namespace arrowhead::cuda::mma
