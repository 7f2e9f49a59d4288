// Copies to shared memory that run beside the computation (sm_80).
#pragma once
#include <cstdint>

namespace arrowhead::cuda {

// 16 bytes: `bytes` of them from memory, zeros after. With 0 bytes `from` is not read.
__device__ inline void copyAsync(uint32_t to, const void* from, int bytes) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}

__device__ inline void copyAsyncCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until at most `pending` of this thread's groups are under way.
template <int pending>
__device__ inline void copyAsyncWait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

}  // namespace arrowhead::cuda
