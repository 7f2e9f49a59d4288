// Products with so few rows that only reading the weights takes time.
#pragma once
#include "matmul.h"

namespace arrowhead::cuda {

// At most 4 rows in 16 bits, without activation.
bool isForFewRows(const MatmulCall& call);
cudaError_t multiplyFewRows(const MatmulCall& call, cudaStream_t stream);

}  // namespace arrowhead::cuda
