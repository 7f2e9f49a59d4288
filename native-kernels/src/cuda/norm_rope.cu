// RMS norm per head and rotary embedding of q and k where they lie in the fused projection. A block per token: every head
// turns by the same angles, which stay in registers.
#include "vectors.cuh"

namespace arrowhead::cuda {

namespace {

// 24 heads of dim 128, as FLUX has them, are one round without idle threads.
constexpr int kThreads = 192;
constexpr int kLoads = 4;  // vectors in flight per thread

__device__ Floats loadFloats(const float2* from) {
  const float4 low = reinterpret_cast<const float4*>(from)[0], high = reinterpret_cast<const float4*>(from)[1];
  return {{low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}};
}

// Word by word: a choice of whole vectors would go through memory.
__device__ uint4 choose(bool first, const uint4& a, const uint4& b) {
  return {first ? a.x : b.x, first ? a.y : b.y, first ? a.z : b.z, first ? a.w : b.w};
}

// `lanes` = dim / 8 threads hold one head; lanes divides 32.
template <class T, int lanes>
__global__ void __launch_bounds__(kThreads) normRopeVectors(const __grid_constant__ QkNormRopeCall call) {
  constexpr int kGroups = kThreads / lanes;
  const int64_t batch = blockIdx.x / call.tokens, token = blockIdx.x % call.tokens;
  const int lane = threadIdx.x % lanes, group = threadIdx.x / lanes;
  const int column = lane * kVector;
  constexpr int kDim = lanes * kVector;

  Floats turns = {};
  if (call.rope) turns = loadFloats(call.rope + (token * kDim + column) / 2);
  const auto* normQuery = static_cast<const T*>(call.normQ);
  const auto* normKey = static_cast<const T*>(call.normK);
  const uint4 queryWeight = normQuery ? loadPacked(normQuery + column) : uint4{};
  const uint4 keyWeight = normKey ? loadPacked(normKey + column) : uint4{};
  T* query = static_cast<T*>(call.q.data) + batch * call.q.batchStride + token * call.q.tokenStride + column;
  T* key = static_cast<T*>(call.k.data) + batch * call.k.batchStride + token * call.k.tokenStride + column;
  const auto address = [&](int item) {
    return item < call.heads ? query + item * kDim : key + (item - call.heads) * kDim;
  };
  // Heads of q, then of k. All threads go the same way, so that whole warps shuffle.
  const int items = 2 * call.heads;
  for (int base = 0; base < items; base += kGroups * kLoads) {
    const int first = base + group;
    // Packed until their turn comes: registers are what limits how much is in flight.
    uint4 packed[kLoads] = {};
#pragma unroll
    for (int n = 0; n < kLoads; ++n)
      if (first + n * kGroups < items) packed[n] = loadPacked(address(first + n * kGroups));
#pragma unroll
    for (int n = 0; n < kLoads; ++n) {
      const int item = first + n * kGroups;
      const bool isQuery = item < call.heads;
      Floats x = unpackVector<T>(packed[n]);
      float squares = 0;
#pragma unroll
      for (float value : x.at) squares += value * value;
#pragma unroll
      for (int other = lanes / 2; other > 0; other /= 2) squares += __shfl_xor_sync(0xffffffff, squares, other);
      if (item >= items) continue;
      if (isQuery ? normQuery : normKey) {
        const float inverse = rsqrtf(squares * (1.f / kDim) + call.eps);
        const Floats weight = unpackVector<T>(choose(isQuery, queryWeight, keyWeight));
#pragma unroll
        for (int i = 0; i < kVector; ++i) x.at[i] *= inverse * weight.at[i];
      }
      if (call.rope) {
#pragma unroll
        for (int i = 0; i < kVector; i += 2) {
          const float even = x.at[i], odd = x.at[i + 1], cosine = turns.at[i], sine = turns.at[i + 1];
          x.at[i] = even * cosine - odd * sine;
          x.at[i + 1] = odd * cosine + even * sine;
        }
      }
      storeVector(address(item), x);
    }
  }
}

// Any even head dim and alignment: a warp per head.
template <class T>
__global__ void __launch_bounds__(kThreads) normRopeWarp(const __grid_constant__ QkNormRopeCall call) {
  const int64_t batch = blockIdx.x / call.tokens, token = blockIdx.x % call.tokens;
  const int lane = threadIdx.x % 32;
  for (int item = threadIdx.x / 32; item < 2 * call.heads; item += kThreads / 32) {
    const bool isQuery = item < call.heads;
    const HeadsView& view = isQuery ? call.q : call.k;
    T* head = static_cast<T*>(view.data) + batch * view.batchStride + token * view.tokenStride +
              static_cast<int64_t>(isQuery ? item : item - call.heads) * call.dim;
    const T* weight = static_cast<const T*>(isQuery ? call.normQ : call.normK);
    float inverse = 1;
    if (weight) {
      float squares = 0;
      for (int c = lane; c < call.dim; c += 32) squares += toFloat(head[c]) * toFloat(head[c]);
#pragma unroll
      for (int other = 16; other > 0; other /= 2) squares += __shfl_xor_sync(0xffffffff, squares, other);
      inverse = rsqrtf(squares / call.dim + call.eps);
    }
    for (int c = 2 * lane; c < call.dim; c += 64) {
      float even = toFloat(head[c]), odd = toFloat(head[c + 1]);
      if (weight) {
        even *= inverse * toFloat(weight[c]);
        odd *= inverse * toFloat(weight[c + 1]);
      }
      if (call.rope) {
        const float2 turn = call.rope[(token * call.dim + c) / 2];
        const float turned = even * turn.x - odd * turn.y;
        odd = odd * turn.x + even * turn.y;
        even = turned;
      }
      head[c] = fromFloat<T>(even);
      head[c + 1] = fromFloat<T>(odd);
    }
  }
}

}  // namespace

cudaError_t qkNormRope(const QkNormRopeCall& call, cudaStream_t stream) {
  if (call.batch == 0 || call.tokens == 0 || call.heads == 0) return cudaSuccess;
  const auto blocks = static_cast<unsigned>(int64_t{call.batch} * call.tokens);
  return withDtype(call.dtype, [&]<class T>() {
    const bool aligned = reinterpret_cast<uintptr_t>(call.rope) % 16 == 0 &&
                         isAligned(call.q.data, call.q.tokenStride) && isAligned(call.k.data, call.k.tokenStride) &&
                         call.q.batchStride % kVector == 0 && call.k.batchStride % kVector == 0;
    if (aligned && call.dim == 128) normRopeVectors<T, 16><<<blocks, kThreads, 0, stream>>>(call);
    else if (aligned && call.dim == 64) normRopeVectors<T, 8><<<blocks, kThreads, 0, stream>>>(call);
    else if (aligned && call.dim == 32) normRopeVectors<T, 4><<<blocks, kThreads, 0, stream>>>(call);
    else if (aligned && call.dim == 256) normRopeVectors<T, 32><<<blocks, kThreads, 0, stream>>>(call);
    else normRopeWarp<T><<<blocks, kThreads, 0, stream>>>(call);
    return cudaGetLastError();
  });
}

}  // namespace arrowhead::cuda
