#include "sum_partials.h"

namespace arrowhead::cuda {

namespace {

constexpr int kThreads = 256;

// One block per head and value: partials of its batches, row blocks and warps in a fixed order.
__global__ void sumPartialsKernel(const double* partials, int heads, int batch, int perSlot, int rowBlocks, int values,
                                  double* sums) {
  const int head = blockIdx.x, value = blockIdx.y;
  double sum = 0;
  for (int64_t i = threadIdx.x; i < static_cast<int64_t>(batch) * rowBlocks * perSlot; i += kThreads) {
    const int64_t part = i % perSlot, rowBlock = i / perSlot % rowBlocks, b = i / perSlot / rowBlocks;
    const int64_t slot = (b * heads + head) * rowBlocks + rowBlock;
    sum += partials[(slot * perSlot + part) * values + value];
  }
  __shared__ double shared[kThreads];
  shared[threadIdx.x] = sum;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) sums[head * values + value] = shared[0];
}

}  // namespace

cudaError_t sumPartials(const double* partials, int heads, int batch, int perSlot, int rowBlocks, int values, double* sums,
                        cudaStream_t stream) {
  sumPartialsKernel<<<dim3(heads, values), kThreads, 0, stream>>>(partials, heads, batch, perSlot, rowBlocks, values, sums);
  return cudaGetLastError();
}

}  // namespace arrowhead::cuda
