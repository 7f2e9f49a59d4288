// q, k and v of a fused projection: in one launch where the card has such a product, else by cuBLASLt and a pass of their
// own for norms and rotary embedding.
#pragma once
#include "kernels.h"
#include "matmul.h"

namespace arrowhead::cuda {

// The columns of q, k and v that belong to heads somebody reads. needed: [heads]; null: all. A count above
// kMaxProductUnits says that there was no room for all.
ProductUnits headUnits(const uint8_t* needed, int32_t heads);

// Of a ProductCall with Epilogue::qkNormRope. Throws std::runtime_error where cuBLASLt has no algorithm.
cudaError_t projectQkv(Matmul& matmul, const ProductCall& call, cudaStream_t stream);

}  // namespace arrowhead::cuda
