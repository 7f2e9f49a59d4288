// Four 8×8 matrices of 16-bit elements from shared memory; lanes 8i to 8i + 7 hold the row addresses of matrix i.
#pragma once
#include <cstdint>

namespace arrowhead::cuda {

// A thread gets row lane / 4, columns 2 · (lane % 4) and the next, of each matrix.
__device__ inline void loadMatrices(uint32_t (&matrices)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
               : "r"(address)
               : "memory");
}

// A thread gets column lane / 4, rows 2 · (lane % 4) and the next.
__device__ inline void loadMatricesTransposed(uint32_t (&matrices)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
               : "r"(address)
               : "memory");
}

}  // namespace arrowhead::cuda
