// One head's softmax probabilities averaged over cells, on the ordinary cores: a picture is wanted once, not per step.
#include <algorithm>

#include "vectors.cuh"

namespace arrowhead::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kMaxDim = 256;
struct Largest {
  __device__ static float combine(float a, float b) { return fmaxf(a, b); }
};

struct Arguments {
  AttentionMapCall call;
  int64_t tokens;
  float scaleLog2;
};

template <class T>
__device__ const T* rowOf(const HeadsView& view, const AttentionMapCall& call, int64_t token) {
  return static_cast<const T*>(view.data) + call.batchIndex * view.batchStride + token * view.tokenStride +
         static_cast<int64_t>(call.head) * call.shape.dim;
}

template <class T>
__device__ float score(const float* query, const T* key, int dim) {
  float sum = 0;
  for (int d = 0; d < dim; d += kVector) {
    const Floats values = loadVector(key + d);
#pragma unroll
    for (int i = 0; i < kVector; ++i) sum = fmaf(query[d + i], values.at[i], sum);
  }
  return sum;
}

// The maximum and the sum of exponentials of each query's scores. A block per query.
template <class T>
__global__ void rowStatistics(const __grid_constant__ Arguments args) {
  __shared__ float query[kMaxDim];
  const int64_t token = blockIdx.x;
  const int dim = args.call.shape.dim;
  for (int d = threadIdx.x; d < dim; d += kThreads) query[d] = toFloat(rowOf<T>(args.call.q, args.call, token)[d]);
  __syncthreads();
  float max = -INFINITY, sum = 0;
  for (int64_t key = threadIdx.x; key < args.tokens; key += kThreads) {
    const float s = score(query, rowOf<T>(args.call.k, args.call, key), dim) * args.scaleLog2;
    const float larger = fmaxf(max, s);
    sum = sum * exp2f(max - larger) + exp2f(s - larger);
    max = larger;
  }
  const float whole = blockReduce<Largest>(max);
  const float total = blockReduce<Sum>(max == -INFINITY ? 0 : sum * exp2f(max - whole));
  if (threadIdx.x == 0) {
    args.call.scratch[token] = whole;
    args.call.scratch[args.tokens + token] = 1 / total;
  }
}

// A block per cell: the mean probability over its pairs, and what each arrow keeps of it, into per-cell partial sums.
template <class T>
__global__ void cells(const __grid_constant__ Arguments args, double* partials) {
  __shared__ float query[kMaxDim];
  const AttentionMapCall& call = args.call;
  const int64_t size = (args.tokens + call.cell - 1) / call.cell;
  const int64_t row = blockIdx.x / size, column = blockIdx.x % size;
  const int64_t rowEnd = minOf((row + 1) * call.cell, args.tokens), keyEnd = minOf((column + 1) * call.cell, args.tokens);
  const int dim = call.shape.dim;
  float sum = 0;
  float kept[kMaxCandidates] = {};
  for (int64_t token = row * call.cell; token < rowEnd; ++token) {
    __syncthreads();
    for (int d = threadIdx.x; d < dim; d += kThreads) query[d] = toFloat(rowOf<T>(call.q, call, token)[d]);
    __syncthreads();
    KeyRanges ranges[kMaxCandidates];
#pragma unroll
    for (int n = 0; n < kMaxCandidates; ++n)
      if (n < call.candidates)
        ranges[n] = keptKeys(call.shape.layout, call.halfWindows[n], call.block, token / call.block.rows);
    for (int64_t key = column * call.cell + threadIdx.x; key < keyEnd; key += kThreads) {
      const float s = score(query, rowOf<T>(call.k, call, key), dim) * args.scaleLog2;
      const float probability = exp2f(s - call.scratch[token]) * call.scratch[args.tokens + token];
      sum += probability;
#pragma unroll
      for (int n = 0; n < kMaxCandidates; ++n) {
        if (n >= call.candidates) break;
        bool keeps = false;
        for (int r = 0; r < ranges[n].count; ++r) keeps |= key >= ranges[n].range[r].begin && key < ranges[n].range[r].end;
        if (keeps) kept[n] += probability;
      }
    }
  }
  sum = blockReduce<Sum>(sum);
  const float pairs = static_cast<float>((rowEnd - row * call.cell) * (keyEnd - column * call.cell));
  if (threadIdx.x == 0) call.values[blockIdx.x] = sum / pairs;
#pragma unroll
  for (int n = 0; n < kMaxCandidates; ++n) {
    if (n >= call.candidates) break;
    const float mass = blockReduce<Sum>(kept[n]);
    if (threadIdx.x == 0) partials[n * size * size + blockIdx.x] = mass;
  }
}

__global__ void sumMass(const double* partials, int64_t count, int64_t tokens, double* keptMass) {
  __shared__ double shared[kThreads];
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) sum += partials[blockIdx.x * count + i];
  shared[threadIdx.x] = sum;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) keptMass[blockIdx.x] = shared[0] / static_cast<double>(tokens);
}

int64_t statisticsBytes(int64_t tokens) { return (2 * tokens * static_cast<int64_t>(sizeof(float)) + 15) / 16 * 16; }

}  // namespace

size_t attentionMapScratchBytes(int64_t tokens, int32_t cell, int32_t candidates) {
  const int64_t size = (tokens + cell - 1) / cell;
  return static_cast<size_t>(statisticsBytes(tokens) + candidates * size * size * static_cast<int64_t>(sizeof(double)));
}

cudaError_t attentionMap(const AttentionMapCall& call, cudaStream_t stream) {
  const Arguments args = {call, call.shape.layout.tokens(), call.shape.scale * kLog2E};
  const int64_t size = (args.tokens + call.cell - 1) / call.cell;
  auto* partials = reinterpret_cast<double*>(reinterpret_cast<uint8_t*>(call.scratch) + statisticsBytes(args.tokens));
  return withDtype(call.shape.dtype, [&]<class T>() {
    rowStatistics<T><<<static_cast<unsigned>(args.tokens), kThreads, 0, stream>>>(args);
    cells<T><<<static_cast<unsigned>(size * size), kThreads, 0, stream>>>(args, partials);
    if (call.candidates > 0) sumMass<<<call.candidates, kThreads, 0, stream>>>(partials, size * size, args.tokens, call.keptMass);
    return cudaGetLastError();
  });
}

}  // namespace arrowhead::cuda
