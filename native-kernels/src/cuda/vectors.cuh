// Eight 16-bit elements at a time: 16-byte accesses, arithmetic in float32.
#pragma once
#include <cuda_fp8.h>

#include "kernels.h"
#include "ptx/math.cuh"

namespace arrowhead::cuda {

inline constexpr int kVector = 8;

struct Floats {
  float at[kVector];
};

template <class T>
__device__ inline uint4 loadPacked(const T* from) {
  return *reinterpret_cast<const uint4*>(from);
}

template <class T>
__device__ inline Floats unpackVector(const uint4& packed) {
  const uint32_t words[4] = {packed.x, packed.y, packed.z, packed.w};
  Floats values;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 pair = unpack<T>(words[i]);
    values.at[2 * i] = pair.x;
    values.at[2 * i + 1] = pair.y;
  }
  return values;
}

template <class T>
__device__ inline Floats loadVector(const T* from) {
  return unpackVector<T>(loadPacked(from));
}

template <class T>
__device__ inline void storeVector(T* to, const Floats& values) {
  uint4 packed;
  packed.x = pack<T>(values.at[0], values.at[1]);
  packed.y = pack<T>(values.at[2], values.at[3]);
  packed.z = pack<T>(values.at[4], values.at[5]);
  packed.w = pack<T>(values.at[6], values.at[7]);
  *reinterpret_cast<uint4*>(to) = packed;
}

// e4m3, saturating.
__device__ inline void storeVector(__nv_fp8_e4m3* to, const Floats& values) {
  __nv_fp8x4_e4m3 halves[2];
  halves[0] = __nv_fp8x4_e4m3(make_float4(values.at[0], values.at[1], values.at[2], values.at[3]));
  halves[1] = __nv_fp8x4_e4m3(make_float4(values.at[4], values.at[5], values.at[6], values.at[7]));
  *reinterpret_cast<uint2*>(to) = *reinterpret_cast<uint2*>(halves);
}

template <class T>
__device__ inline float toFloat(T value) {
  return static_cast<float>(value);
}

template <class T>
__device__ inline T fromFloat(float value) {
  if constexpr (std::is_same_v<T, __nv_bfloat16>) return __float2bfloat16(value);
  else if constexpr (std::is_same_v<T, __half>) return __float2half(value);
  else return T(value);
}

inline bool isAligned(const void* pointer, int64_t strideElements) {
  return reinterpret_cast<uintptr_t>(pointer) % 16 == 0 && strideElements % kVector == 0;
}

// Calls `with.template operator()<T>()` for a 16-bit dtype.
template <class With>
cudaError_t withDtype(Dtype dtype, With with) {
  if (dtype == Dtype::bf16) return with.template operator()<__nv_bfloat16>();
  if (dtype == Dtype::f16) return with.template operator()<__half>();
  return cudaErrorInvalidValue;
}

struct Sum {
  static constexpr float kIdentity = 0;
  __device__ static float combine(float a, float b) { return a + b; }
};

struct Max {
  static constexpr float kIdentity = 0;  // of magnitudes
  __device__ static float combine(float a, float b) { return fmaxf(a, b); }
};

// Of the whole block; every thread gets it. At most 32 warps.
template <class Op>
__device__ inline float blockReduce(float value) {
  __shared__ float perWarp[32];
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) value = Op::combine(value, __shfl_xor_sync(0xffffffff, value, lanes));
  const int warps = blockDim.x / 32;
  __syncthreads();  // the values of the reduction before have been read
  if (threadIdx.x % 32 == 0) perWarp[threadIdx.x / 32] = value;
  __syncthreads();
  float result = perWarp[0];
  for (int warp = 1; warp < warps; ++warp) result = Op::combine(result, perWarp[warp]);
  return result;
}

}  // namespace arrowhead::cuda
