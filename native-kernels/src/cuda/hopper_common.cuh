// What the sm_90a kernels share: warpgroups with their registers, swizzled slabs, rings of buffers.
#pragma once
#include <cstdint>

#include "ptx/math.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/warpgroup.cuh"

namespace arrowhead::cuda {

inline constexpr int kWarpgroup = 128;
inline constexpr int kWarpgroupRows = 64;
// Of the multiprocessor's 64 K registers: the accumulators of QKᵀ and PV (128), the packed P (32), addresses, statistics.
inline constexpr int kConsumerRegisters = 232;
inline constexpr int kProducerRegisters = 40;
// What blocks of three warpgroups are launched with: asked for more, the consumers would wait for ever.
static_assert(kProducerRegisters + 2 * kConsumerRegisters <= 3 * 168);

// 128-byte swizzle: shared memory holds slabs of 64 columns, a row of a slab is 128 bytes.
inline constexpr int kSlabColumns = 64;
inline constexpr int kSlabRowBytes = 128;
inline constexpr int kSwizzleGroupBytes = 8 * kSlabRowBytes;

// A position in a ring of `length` slots with the parity of its barriers.
template <int length>
struct RingPosition {
  int slot = 0;
  uint32_t parity = 0;

  __device__ void advance() {
    if (++slot == length) {
      slot = 0;
      parity ^= 1;
    }
  }
};

// 64 columns of a warp's 16 rows, rounded, into a slab. sums: [32], as wgmma leaves them.
template <class T>
__device__ inline void storeWarpRows(uint8_t* slab, const float* sums) {
  const int lane = threadIdx.x % 32, row = lane % 16;
#pragma unroll
  for (int column = 0; column < kSlabColumns; column += 16) {
    const int chunk = column / 8 + lane / 16;
    const uint32_t address = sharedAddress(slab + row * kSlabRowBytes) + 16 * (chunk ^ (row % 8));
    const float* o = sums + column / 2;
    storeMatrices(address, pack<T>(o[0], o[1]), pack<T>(o[2], o[3]), pack<T>(o[4], o[5]), pack<T>(o[6], o[7]));
  }
}

}  // namespace arrowhead::cuda
