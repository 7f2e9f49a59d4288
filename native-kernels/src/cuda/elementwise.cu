// Kernels that treat every element alike: memory-bound, 16 bytes per access, several in flight per thread.
#include "vectors.cuh"

namespace arrowhead::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kLoads = 4;

unsigned blocksFor(int64_t items, int64_t perBlock) {
  constexpr int64_t kMost = 1 << 20;  // the kernels' loops take what is beyond
  const int64_t blocks = (items + perBlock - 1) / perBlock;
  return static_cast<unsigned>(blocks < kMost ? blocks : kMost);
}

// residual + gate ⊙ x. A block per row.
template <class T, bool vectors>
__global__ void gatedResidualRow(const __grid_constant__ GatedResidualCall call) {
  const int64_t row = blockIdx.x, batch = row / call.tokens;
  T* residual = static_cast<T*>(call.residual.data) + row * call.residual.rowStride;
  const T* x = static_cast<const T*>(call.x.data) + row * call.x.rowStride;
  const T* gate = static_cast<const T*>(call.gate.data) + batch * call.gate.rowStride;
  if constexpr (vectors) {
    for (int column = threadIdx.x * kVector; column < call.channels; column += blockDim.x * kVector) {
      Floats sum = loadVector(residual + column);
      const Floats added = loadVector(x + column), gates = loadVector(gate + column);
#pragma unroll
      for (int i = 0; i < kVector; ++i) sum.at[i] += gates.at[i] * added.at[i];
      storeVector(residual + column, sum);
    }
  } else {
    for (int c = threadIdx.x; c < call.channels; c += blockDim.x)
      residual[c] = fromFloat<T>(toFloat(residual[c]) + toFloat(gate[c]) * toFloat(x[c]));
  }
}

__device__ float activate(float x, Activation kind) {
  if (kind == Activation::silu) return x / (1 + __expf(-x));
  // gelu, tanh form: x · sigmoid(2 · √(2/π) · (x + 0.044715 x³))
  const float inner = 1.5957691216057308f * (x + 0.044715f * x * x * x);
  return x / (1 + __expf(-inner));
}

template <class T>
__global__ void activationKernel(const T* x, int64_t xStride, T* out, int64_t outStride, int64_t rows, int64_t channels,
                                 Activation kind) {
  const int64_t count = rows * channels;
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count; i += int64_t{gridDim.x} * kThreads) {
    const int64_t row = i / channels, column = i % channels;
    out[row * outStride + column] = fromFloat<T>(activate(toFloat(x[row * xStride + column]), kind));
  }
}

template <class T>
__global__ void addKernel(T* a, const T* b, int64_t count) {
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count; i += int64_t{gridDim.x} * kThreads)
    a[i] = fromFloat<T>(toFloat(a[i]) + toFloat(b[i]));
}

// Word: uint4 where everything is aligned to it, else smaller. Widths and strides count words.
template <class Word>
__global__ void copyKernel(const Word* from, int64_t fromStride, Word* to, int64_t toStride, int64_t width, int64_t count) {
  const int64_t step = int64_t{gridDim.x} * kThreads;
  for (int64_t first = int64_t{blockIdx.x} * kThreads + threadIdx.x; first < count; first += step * kLoads) {
    Word words[kLoads];
#pragma unroll
    for (int n = 0; n < kLoads; ++n) {
      const int64_t i = first + n * step;
      if (i < count) words[n] = from[i / width * fromStride + i % width];
    }
#pragma unroll
    for (int n = 0; n < kLoads; ++n) {
      const int64_t i = first + n * step;
      if (i < count) to[i / width * toStride + i % width] = words[n];
    }
  }
}

template <class From, class To>
__global__ void convertKernel(const From* from, To* to, int64_t count) {
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count; i += int64_t{gridDim.x} * kThreads)
    to[i] = fromFloat<To>(toFloat(from[i]));
}

template <class With>
cudaError_t withFloatDtype(Dtype dtype, With with) {
  if (dtype == Dtype::f32) return with.template operator()<float>();
  return withDtype(dtype, with);
}

// splitmix64: neighbouring counters give unrelated bits.
__device__ uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// Box and Muller: two normal deviates from two uniform ones.
template <class T>
__global__ void normalKernel(T* out, int64_t count, float std, uint64_t seed) {
  const int64_t pairs = (count + 1) / 2;
  for (int64_t pair = int64_t{blockIdx.x} * kThreads + threadIdx.x; pair < pairs; pair += int64_t{gridDim.x} * kThreads) {
    const uint64_t bits = mix(mix(seed) ^ static_cast<uint64_t>(pair));
    const float first = (static_cast<float>(bits >> 40) + 1) * 0x1p-24f;  // (0, 1]
    const float second = static_cast<float>((bits >> 16) & 0xFFFFFF) * 0x1p-24f;
    const float radius = std * sqrtf(-2 * logf(first));
    float sin, cos;
    sincospif(2 * second, &sin, &cos);
    out[2 * pair] = fromFloat<T>(radius * cos);
    if (2 * pair + 1 < count) out[2 * pair + 1] = fromFloat<T>(radius * sin);
  }
}

template <class Word>
cudaError_t launchCopy(const void* from, int64_t fromStride, void* to, int64_t toStride, int64_t width, int64_t rows,
                       cudaStream_t stream) {
  constexpr int64_t kSize = sizeof(Word);
  const int64_t count = rows * width / kSize;
  copyKernel<<<blocksFor(count, kThreads * kLoads), kThreads, 0, stream>>>(
      static_cast<const Word*>(from), fromStride / kSize, static_cast<Word*>(to), toStride / kSize, width / kSize, count);
  return cudaGetLastError();
}

}  // namespace

cudaError_t gatedResidual(const GatedResidualCall& call, cudaStream_t stream) {
  const int64_t rows = int64_t{call.batch} * call.tokens;
  if (rows == 0 || call.channels == 0) return cudaSuccess;
  return withDtype(call.dtype, [&]<class T>() {
    const bool vectors = call.channels % kVector == 0 && isAligned(call.residual.data, call.residual.rowStride) &&
                         isAligned(call.x.data, call.x.rowStride) && isAligned(call.gate.data, call.gate.rowStride);
    const int64_t wanted = (call.channels / kVector + 31) / 32 * 32;
    const int threads = wanted < 32 ? 32 : wanted < 384 ? static_cast<int>(wanted) : 384;
    const auto grid = static_cast<unsigned>(rows);
    if (vectors) gatedResidualRow<T, true><<<grid, threads, 0, stream>>>(call);
    else gatedResidualRow<T, false><<<grid, kThreads, 0, stream>>>(call);
    return cudaGetLastError();
  });
}

cudaError_t activation(RowsView x, RowsView out, int64_t rows, int64_t channels, Activation kind, Dtype dtype,
                       cudaStream_t stream) {
  if (rows == 0 || channels == 0) return cudaSuccess;
  return withDtype(dtype, [&]<class T>() {
    activationKernel<<<blocksFor(rows * channels, kThreads), kThreads, 0, stream>>>(
        static_cast<const T*>(x.data), x.rowStride, static_cast<T*>(out.data), out.rowStride, rows, channels, kind);
    return cudaGetLastError();
  });
}

cudaError_t addInPlace(void* a, const void* b, int64_t count, Dtype dtype, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  return withDtype(dtype, [&]<class T>() {
    addKernel<<<blocksFor(count, kThreads), kThreads, 0, stream>>>(static_cast<T*>(a), static_cast<const T*>(b), count);
    return cudaGetLastError();
  });
}

cudaError_t copyRows(const void* from, int64_t fromStrideBytes, void* to, int64_t toStrideBytes, int64_t widthBytes,
                     int64_t rows, cudaStream_t stream) {
  if (rows == 0 || widthBytes == 0) return cudaSuccess;
  const auto all = reinterpret_cast<uintptr_t>(from) | reinterpret_cast<uintptr_t>(to) |
                   static_cast<uintptr_t>(fromStrideBytes | toStrideBytes | widthBytes);
  if (all % 16 == 0) return launchCopy<uint4>(from, fromStrideBytes, to, toStrideBytes, widthBytes, rows, stream);
  if (all % 2 == 0) return launchCopy<uint16_t>(from, fromStrideBytes, to, toStrideBytes, widthBytes, rows, stream);
  return launchCopy<uint8_t>(from, fromStrideBytes, to, toStrideBytes, widthBytes, rows, stream);
}

cudaError_t convert(const void* from, Dtype fromDtype, void* to, Dtype toDtype, int64_t count, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  return withFloatDtype(fromDtype, [&]<class From>() {
    return withFloatDtype(toDtype, [&]<class To>() {
      convertKernel<<<blocksFor(count, kThreads), kThreads, 0, stream>>>(static_cast<const From*>(from),
                                                                         static_cast<To*>(to), count);
      return cudaGetLastError();
    });
  });
}

cudaError_t fillNormal(void* out, int64_t count, Dtype dtype, float std, uint64_t seed, cudaStream_t stream) {
  if (count == 0) return cudaSuccess;
  return withFloatDtype(dtype, [&]<class T>() {
    normalKernel<<<blocksFor(count, kThreads * 2), kThreads, 0, stream>>>(static_cast<T*>(out), count, std, seed);
    return cudaGetLastError();
  });
}

}  // namespace arrowhead::cuda
