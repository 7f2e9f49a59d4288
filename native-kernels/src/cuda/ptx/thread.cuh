#pragma once
#include <cstdint>

namespace arrowhead::cuda {

// Hides where a value comes from: what is computed from it is computed again, not kept in registers across a loop.
__device__ inline uint32_t fresh(uint32_t value) {
  asm volatile("" : "+r"(value));
  return value;
}

}  // namespace arrowhead::cuda
