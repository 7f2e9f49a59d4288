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

constexpr cuuint32_t kSteps[4] = {1, 1, 1, 1};

CUtensorMapDataType dataType(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
    case Dtype::f16: return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
    case Dtype::bf16: return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
    case Dtype::e4m3: break;
  }
  return CU_TENSOR_MAP_DATA_TYPE_UINT8;
}

cudaError_t encoded(CUresult result) { return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue; }

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
  const auto promotion = widePromotion ? CU_TENSOR_MAP_L2_PROMOTION_L2_256B : CU_TENSOR_MAP_L2_PROMOTION_NONE;
  return encoded(encode(&map, dataType(shape.dtype), 4, view.data, sizes, strides, box, kSteps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                        CU_TENSOR_MAP_SWIZZLE_128B, promotion, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE));
}

cudaError_t makeTensorMap(CUtensorMap& map, const RowsView& view, int64_t rows, int64_t columns, Dtype dtype, int32_t boxRows) {
  static const Encode encode = encodeFunction();
  if (!encode) return cudaErrorNotSupported;
  const cuuint64_t element = dtype == Dtype::e4m3 ? 1 : 2;
  const cuuint64_t sizes[2] = {static_cast<cuuint64_t>(columns), static_cast<cuuint64_t>(rows)};
  const cuuint64_t strides[1] = {static_cast<cuuint64_t>(view.rowStride) * element};
  const cuuint32_t box[2] = {static_cast<cuuint32_t>(128 / element), static_cast<cuuint32_t>(boxRows)};
  return encoded(encode(&map, dataType(dtype), 2, view.data, sizes, strides, box, kSteps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                        CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE));
}

}  // namespace arrowhead::cuda
