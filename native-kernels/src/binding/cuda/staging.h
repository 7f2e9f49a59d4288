#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <list>

namespace arrowhead::cuda {

// Page-locked memory that copies pass through, reused once the copy that used it is done.
class StagingPool {
 public:
  struct Block {
    void* data;
    size_t bytes;
    cudaEvent_t done;
    bool taken;
  };
  ~StagingPool();
  // Throws std::bad_alloc.
  Block& take(size_t bytes);

 private:
  std::list<Block> blocks_;
};

}  // namespace arrowhead::cuda
