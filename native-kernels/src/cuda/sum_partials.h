#pragma once
#include <cuda_runtime.h>

namespace arrowhead::cuda {

// sums[head][value] of partials[(batch · heads + head) · rowBlocks + row block][perSlot][values], in a fixed order.
cudaError_t sumPartials(const double* partials, int heads, int batch, int perSlot, int rowBlocks, int values, double* sums,
                        cudaStream_t stream);

}  // namespace arrowhead::cuda
