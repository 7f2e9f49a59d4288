// x · weightᵀ + bias for a handful of rows, as the modulations of every block are: nothing but reading the weights, each
// once, at the memory's speed. A warp makes a few neighbouring columns, so that x is read once for all of them.
#include "few_rows.h"

#include "vectors.cuh"

namespace arrowhead::cuda {

namespace {

constexpr int kWarps = 4;
constexpr int kColumns = 4;  // per warp

template <class T, int rows>
__global__ void __launch_bounds__(32 * kWarps) fewRows(const __grid_constant__ MatmulCall call) {
  const int lane = threadIdx.x % 32;
  const int64_t first = (int64_t{blockIdx.x} * kWarps + threadIdx.x / 32) * kColumns;
  if (first >= call.columns) return;
  const T* x = static_cast<const T*>(call.x.data);
  const T* weight = static_cast<const T*>(call.weight.data);
  float sums[rows][kColumns] = {};
#pragma unroll 2
  for (int64_t at = lane * kVector; at < call.inner; at += 32 * kVector) {
    uint4 packed[kColumns];
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      // Past the last column the last one is read again, and not stored.
      const int64_t column = first + c < call.columns ? first + c : call.columns - 1;
      packed[c] = loadPacked(weight + column * call.weight.rowStride + at);
    }
#pragma unroll
    for (int r = 0; r < rows; ++r) {
      const Floats values = loadVector(x + r * call.x.rowStride + at);
#pragma unroll
      for (int c = 0; c < kColumns; ++c) {
        const Floats factors = unpackVector<T>(packed[c]);
#pragma unroll
        for (int i = 0; i < kVector; ++i) sums[r][c] = fmaf(values.at[i], factors.at[i], sums[r][c]);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < rows; ++r)
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      float sum = sums[r][c];
#pragma unroll
      for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(0xffffffff, sum, lanes);
      const int64_t column = first + c;
      if (lane != 0 || column >= call.columns) continue;
      if (call.bias) sum += toFloat(static_cast<const T*>(call.bias)[column]);
      static_cast<T*>(call.out.data)[r * call.out.rowStride + column] = fromFloat<T>(sum);
    }
}

template <class T>
void launch(const MatmulCall& call, cudaStream_t stream) {
  constexpr int kPerBlock = kWarps * kColumns;
  const auto blocks = static_cast<unsigned>((call.columns + kPerBlock - 1) / kPerBlock);
  switch (call.rows) {
    case 1: fewRows<T, 1><<<blocks, 32 * kWarps, 0, stream>>>(call); break;
    case 2: fewRows<T, 2><<<blocks, 32 * kWarps, 0, stream>>>(call); break;
    case 3: fewRows<T, 3><<<blocks, 32 * kWarps, 0, stream>>>(call); break;
    default: fewRows<T, 4><<<blocks, 32 * kWarps, 0, stream>>>(call);
  }
}

}  // namespace

bool isForFewRows(const MatmulCall& call) {
  return call.rows <= 4 && call.split == call.inner && !call.gelu && !call.accumulate && call.dtype == call.outDtype &&
         call.dtype != Dtype::e4m3 && call.inner % kVector == 0 && isAligned(call.x.data, call.x.rowStride) &&
         isAligned(call.weight.data, call.weight.rowStride);
}

cudaError_t multiplyFewRows(const MatmulCall& call, cudaStream_t stream) {
  return withDtype(call.dtype, [&]<class T>() {
    launch<T>(call, stream);
    return cudaGetLastError();
  });
}

}  // namespace arrowhead::cuda
