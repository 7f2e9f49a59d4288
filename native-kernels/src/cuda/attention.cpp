// Which kernels a call goes to.
#include "card.h"
#include "kernels.h"

namespace arrowhead::cuda {

bool runsOnHopper(int32_t dim) { return currentCard().major == 9 && (dim == 64 || dim == 128); }

cudaError_t headwiseAttention(const HeadwiseAttentionCall& call, cudaStream_t stream) {
  return runsOnHopper(call.shape.dim) ? headwiseAttentionHopper(call, stream) : headwiseAttentionMma(call, stream);
}

cudaError_t measureAttention(const MeasureAttentionCall& call, cudaStream_t stream) {
  return runsOnHopper(call.shape.dim) ? measureAttentionHopper(call, stream) : measureAttentionMma(call, stream);
}

}  // namespace arrowhead::cuda
