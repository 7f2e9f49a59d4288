// What measuring adds: candidates' outputs are set aside as the walk closes them, and compared with full attention at
// its end.
#pragma once
#include "mma_queries.cuh"

namespace arrowhead::cuda::mma {

template <class T, int dim>
__device__ inline float4* snapshotOf(const MeasureArguments& args, int candidate) {
  constexpr int kVectors = Queries<T, dim>::kTiles * Queries<T, dim>::kOutputs;
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * args.candidates + candidate) * kVectors;
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
__device__ inline void compareWithFull(const MeasureArguments& measure, const Arguments& args, const Tile& tile,
                                       Queries<T, dim>& queries) {
  using Rows = Queries<T, dim>;
  const uint32_t thread = fresh(threadIdx.x);
  const int warp = thread / 32, lane = thread % 32;
  const int firstRow = tile.rowBlock * kTileRows + warp * 16 * Rows::kTiles + lane / 4;
  const int64_t slot = (static_cast<int64_t>(tile.batch) * args.heads + tile.head) * args.rowBlocks + tile.rowBlock;
  double* partial = measure.partials + (slot * Traits<dim>::kWarps + warp) * (measure.candidates + 3);
  const auto write = [&](int index, float value) {
    const double sum = warpSum(value);
    if (lane == 0) partial[index] = sum;
  };

  const T* previous = headOf<const T>(measure.previous, tile, args.dim) + 2 * (lane % 4);
  float counts[Rows::kTiles][2];
  float sum = 0, squares = 0, cachedError = 0;
#pragma unroll
  for (int t = 0; t < Rows::kTiles; ++t) {
    const float inverse[2] = {queries.inverseSum(t, 0), queries.inverseSum(t, 1)};
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = firstRow + 16 * t + 8 * half;
      counts[t][half] = row < args.tokens ? 1.f : 0.f;
      const bool hasPrevious = measure.previous.data && row < args.tokens;
#pragma unroll
      for (int n = 0; n < Rows::kOutputs; ++n) {
        float& first = queries.output[t][n][2 * half];
        float& second = queries.output[t][n][2 * half + 1];
        first = __fmul_rn(first, inverse[half]);
        second = __fmul_rn(second, inverse[half]);
        sum += counts[t][half] * (first + second);
        squares += counts[t][half] * (first * first + second * second);
        if (hasPrevious && 8 * n < args.dim) {
          const T* at = previous + row * measure.previous.tokenStride + 8 * n;
          const float2 value = unpack<T>(*reinterpret_cast<const uint32_t*>(at));
          const float dx = value.x - first, dy = value.y - second;
          cachedError += dx * dx + dy * dy;
        }
      }
    }
  }
  write(0, sum);
  write(1, squares);
  write(2, cachedError);
  for (int candidate = 0; candidate < measure.candidates; ++candidate) {
    const float4* snapshot = snapshotOf<T, dim>(measure, candidate);
    float error = 0;
#pragma unroll
    for (int t = 0; t < Rows::kTiles; ++t)
#pragma unroll
      for (int n = 0; n < Rows::kOutputs; ++n) {
        const float4 value = snapshot[(t * Rows::kOutputs + n) * Traits<dim>::kThreads];
        const float(&full)[4] = queries.output[t][n];
        const float dx = value.x - full[0], dy = value.y - full[1], dz = value.z - full[2], dw = value.w - full[3];
        error += counts[t][0] * (dx * dx + dy * dy) + counts[t][1] * (dz * dz + dw * dw);
      }
    write(3 + candidate, error);
  }
}

}  // namespace arrowhead::cuda::mma
