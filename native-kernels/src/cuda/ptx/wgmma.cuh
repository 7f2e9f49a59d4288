// wgmma (sm_90a): one warpgroup multiplies 64 rows, 16 deep; accumulators in float32 registers.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cstdint>
#include <type_traits>

namespace arrowhead::cuda {

// Orders earlier register writes before the products issued next.
__device__ inline void wgmmaFence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void wgmmaCommit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until at most `pending` groups are under way.
template <int pending>
__device__ inline void wgmmaWait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(pending) : "memory");
}

// The compiler must not move reads of accumulators before the wait: it knows nothing of the asynchronous write.
template <int count>
__device__ inline void pinRegisters(float (&values)[count]) {
#pragma unroll
  for (int i = 0; i < count; ++i) asm volatile("" : "+f"(values[i])::"memory");
}

// Shared-memory matrix descriptor with 128-byte swizzle; strides in bytes between 8-row groups (`groupStride`) and, for
// matrices whose contiguous axis is not the product's depth, between 64-column slabs (`slabStride`).
__device__ inline uint64_t matrixDescriptor(uint32_t address, uint32_t groupStride, uint32_t slabStride) {
  constexpr uint64_t kSwizzle128B = uint64_t{1} << 62;
  return kSwizzle128B | (uint64_t{groupStride >> 4} << 32) | (uint64_t{slabStride >> 4} << 16) | ((address & 0x3FFFF) >> 4);
}

// What an instruction calls its accumulators, and what they are.
#define ARROWHEAD_NAMES_32 \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15" ", " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define ARROWHEAD_NAMES_64 ARROWHEAD_NAMES_32 ", " \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47" ", " \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define ARROWHEAD_NAMES_128 ARROWHEAD_NAMES_64 ", " \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79" ", " \
  "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95" ", " \
  "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111" ", " \
  "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define ARROWHEAD_SUMS_8(d, i) \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define ARROWHEAD_SUMS_32(d, i) \
  ARROWHEAD_SUMS_8(d, i), ARROWHEAD_SUMS_8(d, i + 8), ARROWHEAD_SUMS_8(d, i + 16), ARROWHEAD_SUMS_8(d, i + 24)
#define ARROWHEAD_SUMS_64(d, i) ARROWHEAD_SUMS_32(d, i), ARROWHEAD_SUMS_32(d, i + 32)
#define ARROWHEAD_SUMS_128(d, i) ARROWHEAD_SUMS_64(d, i), ARROWHEAD_SUMS_64(d, i + 64)

// d (+)= a · bᵀ, both in shared memory, both contiguous along the depth, 32 bytes of it. d[n / 2] of 64 × n.
template <class T, int n>
__device__ inline void wgmmaSharedShared(float (&d)[n / 2], uint64_t a, uint64_t b, int accumulate) {
  if constexpr (n == 64 && std::is_same_v<T, __nv_bfloat16>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" ARROWHEAD_NAMES_32 "}, %32, %33, p, 1, 1, 0, 0;\n}\n"
        : ARROWHEAD_SUMS_32(d, 0)
        : "l"(a), "l"(b), "r"(accumulate));
  } else if constexpr (n == 64 && std::is_same_v<T, __half>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {" ARROWHEAD_NAMES_32 "}, %32, %33, p, 1, 1, 0, 0;\n}\n"
        : ARROWHEAD_SUMS_32(d, 0)
        : "l"(a), "l"(b), "r"(accumulate));
  } else if constexpr (n == 128 && std::is_same_v<T, __nv_bfloat16>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" ARROWHEAD_NAMES_64 "}, %64, %65, p, 1, 1, 0, 0;\n}\n"
        : ARROWHEAD_SUMS_64(d, 0)
        : "l"(a), "l"(b), "r"(accumulate));
  } else if constexpr (n == 128 && std::is_same_v<T, __half>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {" ARROWHEAD_NAMES_64 "}, %64, %65, p, 1, 1, 0, 0;\n}\n"
        : ARROWHEAD_SUMS_64(d, 0)
        : "l"(a), "l"(b), "r"(accumulate));
  } else if constexpr (n == 256 && std::is_same_v<T, __nv_bfloat16>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {" ARROWHEAD_NAMES_128 "}, %128, %129, p, 1, 1, 0, 0;\n}\n"
        : ARROWHEAD_SUMS_128(d, 0)
        : "l"(a), "l"(b), "r"(accumulate));
  } else if constexpr (n == 256 && std::is_same_v<T, __nv_fp8_e4m3>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n256k32.f32.e4m3.e4m3 {" ARROWHEAD_NAMES_128 "}, %128, %129, p, 1, 1;\n}\n"
        : ARROWHEAD_SUMS_128(d, 0)
        : "l"(a), "l"(b), "r"(accumulate));
  } else {
    static_assert(n < 0, "no such wgmma");
  }
}

// d (+)= a · b with a in registers and b in shared memory, contiguous along n.
template <class T, int n>
__device__ inline void wgmmaRegistersShared(float (&d)[n / 2], const uint32_t (&a)[4], uint64_t b, int accumulate) {
  if constexpr (n == 64 && std::is_same_v<T, __nv_bfloat16>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %37, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {" ARROWHEAD_NAMES_32 "}, {%32, %33, %34, %35}, "
        "%36, p, 1, 1, 1;\n}\n"
        : ARROWHEAD_SUMS_32(d, 0)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));
  } else if constexpr (n == 64 && std::is_same_v<T, __half>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %37, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {" ARROWHEAD_NAMES_32 "}, {%32, %33, %34, %35}, "
        "%36, p, 1, 1, 1;\n}\n"
        : ARROWHEAD_SUMS_32(d, 0)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));
  } else if constexpr (n == 128 && std::is_same_v<T, __nv_bfloat16>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" ARROWHEAD_NAMES_64 "}, {%64, %65, %66, %67}, "
        "%68, p, 1, 1, 1;\n}\n"
        : ARROWHEAD_SUMS_64(d, 0)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));
  } else if constexpr (n == 128 && std::is_same_v<T, __half>) {
    asm volatile(
        "{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
        "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {" ARROWHEAD_NAMES_64 "}, {%64, %65, %66, %67}, "
        "%68, p, 1, 1, 1;\n}\n"
        : ARROWHEAD_SUMS_64(d, 0)
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(accumulate));
  } else {
    static_assert(n < 0, "no such wgmma");
  }
}

#undef ARROWHEAD_NAMES_32
#undef ARROWHEAD_NAMES_64
#undef ARROWHEAD_NAMES_128
#undef ARROWHEAD_SUMS_8
#undef ARROWHEAD_SUMS_32
#undef ARROWHEAD_SUMS_64
#undef ARROWHEAD_SUMS_128

}  // namespace arrowhead::cuda
