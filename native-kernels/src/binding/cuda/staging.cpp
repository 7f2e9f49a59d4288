#include "staging.h"

#include <new>

namespace arrowhead::cuda {

StagingPool::~StagingPool() {
  for (Block& block : blocks_) {
    cudaEventDestroy(block.done);
    cudaFreeHost(block.data);
  }
}

StagingPool::Block& StagingPool::take(size_t bytes) {
  for (Block& block : blocks_) {
    if (block.taken || block.bytes < bytes || block.bytes > 4 * bytes + (1 << 20)) continue;
    if (cudaEventQuery(block.done) != cudaSuccess) continue;
    block.taken = true;
    return block;
  }
  Block block = {nullptr, bytes, nullptr, true};
  if (cudaHostAlloc(&block.data, bytes, cudaHostAllocDefault) != cudaSuccess) {
    cudaGetLastError();
    throw std::bad_alloc();
  }
  if (cudaEventCreateWithFlags(&block.done, cudaEventDisableTiming | cudaEventBlockingSync) != cudaSuccess) {
    cudaFreeHost(block.data);
    throw std::bad_alloc();
  }
  return blocks_.emplace_back(block);
}

}  // namespace arrowhead::cuda
