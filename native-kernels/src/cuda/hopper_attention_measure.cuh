// What measuring adds to the consumers: candidates' outputs are set aside as the walk closes them, and compared with full
// attention at its end.
#pragma once
#include "hopper_attention_consumer.cuh"
#include "kernels.h"

namespace arrowhead::cuda {

struct MeasureArguments {
  // Of each thread block, candidate and thread: its dim / 2 outputs. Float32, so that rounding never looks like error.
  float4* snapshots;
  // [slots][kConsumers · 4 warps][compared.values()]
  double* partials;
  Compared compared;
};

// This thread's first values of a row of a tile's head.
template <class T>
__device__ inline const T* rowOf(const HeadsView& view, const TileInfo& info, int row, int dim) {
  return static_cast<const T*>(view.data) + info.batch * view.batchStride + row * view.tokenStride + info.head * dim +
         threadIdx.x % 4 * 2;
}

template <int dim>
__device__ inline float4* snapshotOf(const MeasureArguments& args, int candidate) {
  constexpr int kVectors = dim / 8;
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * args.compared.candidates + candidate) * kVectors;
  return args.snapshots + first * (kConsumers * kWarpgroup) + (threadIdx.x - kWarpgroup);
}

template <int dim>
__device__ inline void keepSnapshot(float4* snapshot, const float (&output)[dim / 2], const float (&inverseSum)[2]) {
#pragma unroll
  for (int i = 0; i < dim / 8; ++i)
    snapshot[i * kConsumers * kWarpgroup] = {output[4 * i] * inverseSum[0], output[4 * i + 1] * inverseSum[0],
                                             output[4 * i + 2] * inverseSum[1], output[4 * i + 3] * inverseSum[1]};
}

__device__ inline double warpSum(double x) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(0xffffffff, x, lanes);
  return x;
}

// Squared distance of an output made elsewhere, in this thread's rows.
template <class T, int dim>
__device__ inline float distanceTo(const HeadsView& reference, const TileInfo& info, int row, const float (&counts)[2],
                                   const float (&output)[dim / 2]) {
  float error = 0;
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    if (counts[r] == 0) continue;
    const T* values = rowOf<T>(reference, info, row + 8 * r, dim);
#pragma unroll
    for (int i = 0; i < dim / 8; ++i) {
      const float2 value = unpack<T>(*reinterpret_cast<const uint32_t*>(values + 8 * i));
      const float dx = value.x - output[4 * i + 2 * r], dy = value.y - output[4 * i + 2 * r + 1];
      error += dx * dx + dy * dy;
    }
  }
  return error;
}

// Of a candidate with its residual, added in float32 as the kernel that applies it does.
template <class T, int dim>
__device__ inline float distanceWith(const HeadsView& residual, const float4* snapshot, const TileInfo& info, int row,
                                     const float (&counts)[2], const float (&output)[dim / 2]) {
  float error = 0;
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    if (counts[r] == 0) continue;
    const T* values = rowOf<T>(residual, info, row + 8 * r, dim);
#pragma unroll
    for (int i = 0; i < dim / 8; ++i) {
      const float4 kept = snapshot[i * kConsumers * kWarpgroup];
      const float2 value = unpack<T>(*reinterpret_cast<const uint32_t*>(values + 8 * i));
      const float dx = (r == 0 ? kept.x : kept.z) + value.x - output[4 * i + 2 * r];
      const float dy = (r == 0 ? kept.y : kept.w) + value.y - output[4 * i + 2 * r + 1];
      error += dx * dx + dy * dy;
    }
  }
  return error;
}

// `output` is normalised. Rows past the end of the sequence do not count.
template <class T, int dim>
__device__ inline void compareWithFull(const MeasureArguments& args, const TileInfo& info, int tokens,
                                       const float (&output)[dim / 2]) {
  const Compared& compared = args.compared;
  const int warp = (threadIdx.x - kWarpgroup) / 32, lane = threadIdx.x % 32;
  const int row = info.row + 16 * warp + lane / 4;
  const float counts[2] = {row < tokens ? 1.f : 0.f, row + 8 < tokens ? 1.f : 0.f};
  double* partial = args.partials + (static_cast<int64_t>(info.slot) * kConsumers * 4 + warp) * compared.values();
  const auto write = [&](int index, float value) {
    const double sum = warpSum(value);
    if (lane == 0) partial[index] = sum;
  };

  float sum = 0, squares = 0;
#pragma unroll
  for (int i = 0; i < dim / 2; ++i) {
    sum += counts[i / 2 % 2] * output[i];
    squares += counts[i / 2 % 2] * output[i] * output[i];
  }
  write(0, sum);
  write(1, squares);
  for (int candidate = 0; candidate < compared.candidates; ++candidate) {
    const float4* snapshot = snapshotOf<dim>(args, candidate);
    float error = 0;
#pragma unroll
    for (int i = 0; i < dim / 8; ++i) {
      const float4 value = snapshot[i * kConsumers * kWarpgroup];
      const float dx = value.x - output[4 * i], dy = value.y - output[4 * i + 1];
      const float dz = value.z - output[4 * i + 2], dw = value.w - output[4 * i + 3];
      error += counts[0] * (dx * dx + dy * dy) + counts[1] * (dz * dz + dw * dw);
    }
    write(2 + candidate, error);
    const HeadsView& residual = compared.residuals[candidate];
    write(2 + compared.candidates + candidate,
          residual.data ? distanceWith<T, dim>(residual, snapshot, info, row, counts, output) : 0);
  }
  for (int n = 0; n < compared.references; ++n)
    write(2 + 2 * compared.candidates + n, distanceTo<T, dim>(compared.reference[n], info, row, counts, output));
}

}  // namespace arrowhead::cuda
