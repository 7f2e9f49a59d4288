#include "tensor_map.h"

namespace arrowhead::cuda {

namespace {

using Encode = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*, const cuuint64_t*,
                            const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                            CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

// Through the runtime, so that nothing links to the driver: the library must load where there is none.
Encode encodeFunction() {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found;
  if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000, cudaEnableDefault, &found) != cudaSuccess)
    return nullptr;
  return found == cudaDriverEntryPointSuccess ? reinterpret_cast<Encode>(function) : nullptr;
}

}  // namespace

cudaError_t makeTensorMap(CUtensorMap& map, const HeadsView& view, const AttentionShape& shape, bool widePromotion) {
  static const Encode encode = encodeFunction();
  if (!encode) return cudaErrorNotSupported;
  constexpr cuuint64_t kElement = 2;
  const auto dim = static_cast<cuuint64_t>(shape.dim);
  const cuuint64_t sizes[4] = {dim, static_cast<cuuint64_t>(shape.layout.tokens()), static_cast<cuuint64_t>(shape.heads),
                               static_cast<cuuint64_t>(shape.batch)};
  const cuuint64_t strides[3] = {static_cast<cuuint64_t>(view.tokenStride) * kElement, dim * kElement,
                                 static_cast<cuuint64_t>(view.batchStride) * kElement};
  const cuuint32_t box[4] = {64, 64, 1, 1};
  const cuuint32_t steps[4] = {1, 1, 1, 1};
  const auto dtype = shape.dtype == Dtype::bf16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  const auto promotion = widePromotion ? CU_TENSOR_MAP_L2_PROMOTION_L2_256B : CU_TENSOR_MAP_L2_PROMOTION_NONE;
  const CUresult result =
      encode(&map, dtype, 4, view.data, sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
             CU_TENSOR_MAP_SWIZZLE_128B, promotion, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace arrowhead::cuda
