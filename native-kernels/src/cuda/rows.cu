// Kernels that need a whole row at once: LayerNorm with modulation, quantisation with one scale per row. A block per row
// keeps the row in registers, so that memory is read once.
#include "vectors.cuh"

namespace arrowhead::cuda {

namespace {

constexpr float kLargestE4m3 = 448;
constexpr int kMaxVectorsPerThread = 8;
constexpr int kLoopThreads = 256;

struct RowShape {
  int threads;
  int vectorsPerThread;
};

// Threads and vectors that hold a row; vectorsPerThread 0 where it is too long or not made of whole vectors.
RowShape rowShape(int64_t channels) {
  if (channels % kVector != 0) return {kLoopThreads, 0};
  const int64_t vectors = channels / kVector;
  for (int threads = 128; threads <= 512; threads *= 2)
    if (vectors <= int64_t{threads} * kMaxVectorsPerThread)
      return {threads, static_cast<int>((vectors + threads - 1) / threads)};
  return {kLoopThreads, 0};
}

template <class With>
cudaError_t withVectors(int count, With with) {
  switch (count) {
    case 1: return with.template operator()<1>();
    case 2: return with.template operator()<2>();
    case 3: return with.template operator()<3>();
    case 4: return with.template operator()<4>();
    case 5: return with.template operator()<5>();
    case 6: return with.template operator()<6>();
    case 7: return with.template operator()<7>();
    default: return with.template operator()<8>();
  }
}

__device__ float scaleFor(float amax) { return amax > 0 ? amax / kLargestE4m3 : 1.f; }

// One row in registers; vectors past its end are zero.
template <class T, int count>
struct Row {
  Floats vectors[count];

  __device__ void load(const T* row, int channels) {
#pragma unroll
    for (int v = 0; v < count; ++v) {
      const int column = columnOf(v);
      if (column < channels) vectors[v] = loadVector(row + column);
      else vectors[v] = {};
    }
  }

  __device__ static int columnOf(int v) { return (v * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x)) * kVector; }

  template <class Op, class F>
  __device__ float reduce(int channels, F f) const {
    float result = Op::kIdentity;
#pragma unroll
    for (int v = 0; v < count; ++v) {
      if (columnOf(v) >= channels) continue;
#pragma unroll
      for (int i = 0; i < kVector; ++i) result = Op::combine(result, f(vectors[v].at[i]));
    }
    return blockReduce<Op>(result);
  }

  __device__ void store(T* out, int channels) const {
#pragma unroll
    for (int v = 0; v < count; ++v)
      if (columnOf(v) < channels) storeVector(out + columnOf(v), vectors[v]);
  }

  // As e4m3 with its scale and its norm; no norm where `norm` is null.
  __device__ void storeQuantised(__nv_fp8_e4m3* out, int channels, float* scale, float* norm) {
    const float rowScale = scaleFor(reduce<Max>(channels, [](float x) { return fabsf(x); }));
    const float squares = norm ? reduce<Sum>(channels, [](float x) { return x * x; }) : 0;
    if (threadIdx.x == 0) {
      *scale = rowScale;
      if (norm) *norm = sqrtf(squares);
    }
    const float inverse = 1 / rowScale;
#pragma unroll
    for (int v = 0; v < count; ++v) {
      if (columnOf(v) >= channels) continue;
#pragma unroll
      for (float& x : vectors[v].at) x *= inverse;
      storeVector(out + columnOf(v), vectors[v]);
    }
  }
};

// A block takes a few rows of one batch and keeps shift, scale and gate in shared memory: they would be most of what comes
// from the L2 cache.
constexpr int kRowsPerBlock = 4;

// x + gate ⊙ added, rounded as it is stored: the norm sees what others will read.
template <class T, int count>
__device__ void addGated(Row<T, count>& x, T* row, const T* added, const uint4* gates, int channels) {
#pragma unroll
  for (int v = 0; v < count; ++v) {
    const int column = x.columnOf(v);
    if (column >= channels) continue;
    const Floats factors = unpackVector<T>(gates[column / kVector]), values = loadVector(added + column);
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      float& value = x.vectors[v].at[i];
      value = toFloat(fromFloat<T>(value + factors.at[i] * values.at[i]));
    }
    storeVector(row + column, x.vectors[v]);
  }
}

template <class T, int count, bool adding, bool quantising>
__global__ void layerNormRows(const __grid_constant__ LayerNormModulateCall call) {
  const int64_t batch = blockIdx.y;
  const int channels = call.channels;
  const T* shift = static_cast<const T*>(call.shift.data) + batch * call.shift.rowStride;
  const T* scale = static_cast<const T*>(call.scale.data) + batch * call.scale.rowStride;
  const T* gate = static_cast<const T*>(call.gate.data) + batch * call.gate.rowStride;
  extern __shared__ uint4 modulation[];
  uint4* shifts = modulation;
  uint4* scales = modulation + channels / kVector;
  uint4* gates = modulation + 2 * (channels / kVector);
#pragma unroll
  for (int v = 0; v < count; ++v) {
    const int column = Row<T, count>::columnOf(v);
    if (column >= channels) continue;
    // Each thread reads back what it wrote itself: no barrier.
    shifts[column / kVector] = loadPacked(shift + column);
    scales[column / kVector] = loadPacked(scale + column);
    if constexpr (adding) gates[column / kVector] = loadPacked(gate + column);
  }
  const int first = blockIdx.x * kRowsPerBlock, last = min(first + kRowsPerBlock, call.tokens);
  for (int token = first; token < last; ++token) {
    const int64_t row = batch * call.tokens + token;
    Row<T, count> x;
    T* const from = static_cast<T*>(call.x.data) + row * call.x.rowStride;
    x.load(from, channels);
    if constexpr (adding)
      addGated(x, from, static_cast<const T*>(call.added.data) + row * call.added.rowStride, gates, channels);
    const float mean = x.template reduce<Sum>(channels, [](float value) { return value; }) / channels;
    const float variance =
        x.template reduce<Sum>(channels, [mean](float value) { return (value - mean) * (value - mean); }) / channels;
    const float inverse = rsqrtf(variance + call.eps);
#pragma unroll
    for (int v = 0; v < count; ++v) {
      const int column = x.columnOf(v);
      if (column >= channels) continue;
      const Floats factors = unpackVector<T>(scales[column / kVector]), offsets = unpackVector<T>(shifts[column / kVector]);
#pragma unroll
      for (int i = 0; i < kVector; ++i) {
        float& value = x.vectors[v].at[i];
        value = (value - mean) * inverse * (1 + factors.at[i]) + offsets.at[i];
      }
    }
    if constexpr (quantising) {
      auto* out = static_cast<__nv_fp8_e4m3*>(call.out.data) + row * call.out.rowStride;
      x.storeQuantised(out, channels, call.rowScales + row, call.rowNorms ? call.rowNorms + row : nullptr);
    } else {
      x.store(static_cast<T*>(call.out.data) + row * call.out.rowStride, channels);
    }
  }
}

// Any width and alignment; reads the row again for every pass.
template <class T>
__global__ void layerNormLoop(const __grid_constant__ LayerNormModulateCall call) {
  const int64_t row = blockIdx.x, batch = row / call.tokens;
  const T* x = static_cast<const T*>(call.x.data) + row * call.x.rowStride;
  const T* shift = static_cast<const T*>(call.shift.data) + batch * call.shift.rowStride;
  const T* scale = static_cast<const T*>(call.scale.data) + batch * call.scale.rowStride;
  const auto reduce = [&]<class Op>(Op, auto f) {
    float result = Op::kIdentity;
    for (int c = threadIdx.x; c < call.channels; c += blockDim.x) result = Op::combine(result, f(c));
    return blockReduce<Op>(result);
  };
  const float mean = reduce(Sum{}, [&](int c) { return toFloat(x[c]); }) / call.channels;
  const float variance = reduce(Sum{}, [&](int c) {
    const float centred = toFloat(x[c]) - mean;
    return centred * centred;
  }) / call.channels;
  const float inverse = rsqrtf(variance + call.eps);
  const auto value = [&](int c) {
    return (toFloat(x[c]) - mean) * inverse * (1 + toFloat(scale[c])) + toFloat(shift[c]);
  };
  if (!call.rowScales) {
    T* out = static_cast<T*>(call.out.data) + row * call.out.rowStride;
    for (int c = threadIdx.x; c < call.channels; c += blockDim.x) out[c] = fromFloat<T>(value(c));
    return;
  }
  const float rowScale = scaleFor(reduce(Max{}, [&](int c) { return fabsf(value(c)); }));
  const float squares = reduce(Sum{}, [&](int c) { return value(c) * value(c); });
  if (threadIdx.x == 0) {
    call.rowScales[row] = rowScale;
    if (call.rowNorms) call.rowNorms[row] = sqrtf(squares);
  }
  auto* out = static_cast<__nv_fp8_e4m3*>(call.out.data) + row * call.out.rowStride;
  for (int c = threadIdx.x; c < call.channels; c += blockDim.x) out[c] = __nv_fp8_e4m3(value(c) / rowScale);
}

template <class T, int count>
__global__ void quantizeRow(const T* x, int64_t rowStride, int channels, __nv_fp8_e4m3* out, float* rowScales,
                            float* rowNorms) {
  const int64_t row = blockIdx.x;
  Row<T, count> values;
  values.load(x + row * rowStride, channels);
  values.storeQuantised(out + row * channels, channels, rowScales + row, rowNorms ? rowNorms + row : nullptr);
}

template <class T>
__global__ void quantizeLoop(const T* x, int64_t rowStride, int channels, __nv_fp8_e4m3* out, float* rowScales,
                             float* rowNorms) {
  const int64_t row = blockIdx.x;
  const T* values = x + row * rowStride;
  float amax = 0, squares = 0;
  for (int c = threadIdx.x; c < channels; c += blockDim.x) {
    const float value = toFloat(values[c]);
    amax = fmaxf(amax, fabsf(value));
    squares += value * value;
  }
  const float scale = scaleFor(blockReduce<Max>(amax));
  squares = blockReduce<Sum>(squares);
  if (threadIdx.x == 0) {
    rowScales[row] = scale;
    if (rowNorms) rowNorms[row] = sqrtf(squares);
  }
  for (int c = threadIdx.x; c < channels; c += blockDim.x)
    out[row * channels + c] = __nv_fp8_e4m3(toFloat(values[c]) / scale);
}

// Every block finds the largest weight and bias for itself: they are few, and in the cache.
__global__ void __launch_bounds__(kLoopThreads) boundRows(const __grid_constant__ BoundScalesCall call) {
  // Values are rounded before they are multiplied, by a sixteenth at most, as is what is multiplied with them.
  constexpr float kRounding = 1.0625f * 1.0625f;
  const auto* bias = static_cast<const __nv_bfloat16*>(call.bias);
  float weight = 0, offset = 0;
  for (int64_t c = threadIdx.x; c < call.columns; c += blockDim.x) {
    weight = fmaxf(weight, call.weightNorms[c]);
    if (bias) offset = fmaxf(offset, fabsf(toFloat(bias[c])));
  }
  weight = blockReduce<Max>(weight);
  offset = blockReduce<Max>(offset);
  const int64_t row = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (row < call.rows) call.scales[row] = scaleFor(fmaf(kRounding * call.xNorms[row], weight, offset));
}

template <class T>
cudaError_t launchLayerNorm(const LayerNormModulateCall& call, cudaStream_t stream) {
  const auto rows = static_cast<unsigned>(int64_t{call.batch} * call.tokens);
  const RowShape shape = rowShape(call.channels);
  const bool adding = call.added.data != nullptr;
  // Of shift, scale and gate together: 48 KiB without asking for more, and the reductions take some.
  constexpr int kMostShared = 47 * 1024;
  const size_t modulationBytes = (adding ? 3 : 2) * sizeof(T) * call.channels;
  const bool fits = modulationBytes <= kMostShared;
  const bool vectors = fits && shape.vectorsPerThread > 0 && isAligned(call.x.data, call.x.rowStride) &&
                       isAligned(call.shift.data, call.shift.rowStride) && isAligned(call.scale.data, call.scale.rowStride) &&
                       isAligned(call.out.data, call.out.rowStride) && isAligned(call.added.data, call.added.rowStride) &&
                       isAligned(call.gate.data, call.gate.rowStride);
  if (!vectors) {
    if (adding) {
      const GatedResidualCall sum = {call.x, call.added, call.gate, call.batch, call.tokens, call.channels, call.dtype};
      if (const cudaError_t error = gatedResidual(sum, stream)) return error;
    }
    layerNormLoop<T><<<rows, kLoopThreads, 0, stream>>>(call);
    return cudaGetLastError();
  }
  return withVectors(shape.vectorsPerThread, [&]<int count>() {
    const dim3 grid((call.tokens + kRowsPerBlock - 1) / kRowsPerBlock, call.batch);
    const auto run = [&]<bool add, bool quantise>() {
      layerNormRows<T, count, add, quantise><<<grid, shape.threads, modulationBytes, stream>>>(call);
      return cudaGetLastError();
    };
    if (adding) return call.rowScales ? run.template operator()<true, true>() : run.template operator()<true, false>();
    return call.rowScales ? run.template operator()<false, true>() : run.template operator()<false, false>();
  });
}

}  // namespace

cudaError_t layerNormModulate(const LayerNormModulateCall& call, cudaStream_t stream) {
  if (call.batch == 0 || call.tokens == 0 || call.channels == 0) return cudaSuccess;
  return withDtype(call.dtype, [&]<class T>() { return launchLayerNorm<T>(call, stream); });
}

cudaError_t quantizeRows(RowsView x, int64_t rows, int64_t channels, Dtype dtype, void* out, float* rowScales,
                         float* rowNorms, cudaStream_t stream) {
  if (rows == 0 || channels == 0) return cudaSuccess;
  return withDtype(dtype, [&]<class T>() {
    const auto* data = static_cast<const T*>(x.data);
    auto* bytes = static_cast<__nv_fp8_e4m3*>(out);
    const RowShape shape = rowShape(channels);
    const auto grid = static_cast<unsigned>(rows);
    const auto width = static_cast<int>(channels);
    if (shape.vectorsPerThread == 0 || !isAligned(x.data, x.rowStride) || !isAligned(out, channels)) {
      quantizeLoop<<<grid, kLoopThreads, 0, stream>>>(data, x.rowStride, width, bytes, rowScales, rowNorms);
      return cudaGetLastError();
    }
    return withVectors(shape.vectorsPerThread, [&]<int count>() {
      quantizeRow<T, count><<<grid, shape.threads, 0, stream>>>(data, x.rowStride, width, bytes, rowScales, rowNorms);
      return cudaGetLastError();
    });
  });
}

cudaError_t boundScales(const BoundScalesCall& call, cudaStream_t stream) {
  if (call.rows == 0) return cudaSuccess;
  const auto blocks = static_cast<unsigned>((call.rows + kLoopThreads - 1) / kLoopThreads);
  boundRows<<<blocks, kLoopThreads, 0, stream>>>(call);
  return cudaGetLastError();
}

}  // namespace arrowhead::cuda
