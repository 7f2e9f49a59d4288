// Tensor maps for the copy engine: [batch, tokens, heads, dim] in boxes of 64 columns × 64 tokens of one head.
#pragma once
#include <cuda.h>

#include "kernels.h"

namespace arrowhead::cuda {

cudaError_t makeTensorMap(CUtensorMap& map, const HeadsView& view, const AttentionShape& shape);

}  // namespace arrowhead::cuda
