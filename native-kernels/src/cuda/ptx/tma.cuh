// The bulk tensor copy engine (sm_90).
#pragma once
#include <cuda.h>

#include <cstdint>

#include "mbarrier.cuh"

namespace arrowhead::cuda {

__device__ inline void prefetchTensorMap(const CUtensorMap& map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory");
}

// Out of bounds reads as zero.
__device__ inline void loadBox(void* shared, const CUtensorMap& map, uint64_t* barrier, int32_t column, int32_t token,
                               int32_t head, int32_t batch) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(
          sharedAddress(shared)),
      "l"(&map), "r"(sharedAddress(barrier)), "r"(column), "r"(token), "r"(head), "r"(batch)
      : "memory");
}

// Out of bounds is not written.
__device__ inline void storeBox(const CUtensorMap& map, const void* shared, int32_t column, int32_t token, int32_t head,
                                int32_t batch) {
  asm volatile("cp.async.bulk.tensor.4d.global.shared::cta.bulk_group [%0, {%2, %3, %4, %5}], [%1];" ::"l"(&map),
               "r"(sharedAddress(shared)), "r"(column), "r"(token), "r"(head), "r"(batch)
               : "memory");
}

// 16-byte aligned, a multiple of 16 bytes.
__device__ inline void loadBytes(void* shared, const void* from, uint32_t bytes, uint64_t* barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   sharedAddress(shared)),
               "l"(from), "r"(bytes), "r"(sharedAddress(barrier))
               : "memory");
}

__device__ inline void loadMatrixBox(void* shared, const CUtensorMap& map, uint64_t* barrier, int32_t column, int32_t row) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(
          sharedAddress(shared)),
      "l"(&map), "r"(sharedAddress(barrier)), "r"(column), "r"(row)
      : "memory");
}

__device__ inline void storeCommit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
// Waits until every store of this thread has read its shared memory.
__device__ inline void storeWaitRead() { asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory"); }
// Makes ordinary stores to shared memory visible to the copy engine; before a barrier, by each storing thread.
__device__ inline void asyncProxyFence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

}  // namespace arrowhead::cuda
