#include "hopper_product.cuh"

#include "card.h"
#include "tensor_map.h"
#include "vectors.cuh"

namespace arrowhead::cuda {

namespace {

// Of a wave of blocks: measured on an H100, six tiles of weights by 22 of rows are read fastest.
constexpr int kWaveColumns = 6;

int unitsPerTile(const ProductCall& call) {
  return call.epilogue == Epilogue::qkNormRope ? kProductColumns / call.dim : 1;
}

int gridFor(const ProductCall& call) {
  int64_t tiles = 0;
  for (int n = 0; n < call.count; ++n) {
    const int64_t columnTiles = (call.parts[n].units.count + unitsPerTile(call) - 1) / unitsPerTile(call);
    tiles += (call.parts[n].rows + kProductRows - 1) / kProductRows * columnTiles;
  }
  const int64_t most = currentCard().multiprocessors;
  return static_cast<int>(tiles < most ? tiles : most);
}

template <class T, class Out, Epilogue epilogue, int dim>
cudaError_t launch(const ProductCall& call, cudaStream_t stream) {
  const int grid = gridFor(call);
  if (grid == 0) return cudaSuccess;
  ProductArguments args;
  args.call = call;
  args.groupedRows = (currentCard().multiprocessors + kWaveColumns - 1) / kWaveColumns;
  for (int n = 0; n < call.count; ++n) {
    const ProductPart& part = call.parts[n];
    if (!part.hasWork()) continue;
    if (const cudaError_t error = makeTensorMap(args.x[n], part.x, part.rows, call.split, call.dtype, kProductRows))
      return error;
    if (call.split < call.inner)
      if (const cudaError_t error =
              makeTensorMap(args.rest[n], part.rest, part.rows, call.inner - call.split, call.dtype, kProductRows))
        return error;
    if (const cudaError_t error =
            makeTensorMap(args.weight[n], part.weight, call.columns, call.inner, call.dtype, kUnitColumns<epilogue, dim>))
      return error;
  }
  // Room to move the start to a multiple of 1,024.
  constexpr int kBytes = sizeof(ProductShared) + 1024;
  auto* kernel = hopperProduct<T, Out, epilogue, dim>;
  if (const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes))
    return error;
  kernel<<<grid, kProductThreads, kBytes, stream>>>(args);
  return cudaGetLastError();
}

template <class T>
cudaError_t dispatch(const ProductCall& call, cudaStream_t stream) {
  if constexpr (sizeof(T) == 1)
    if (call.outDtype == Dtype::e4m3) return launch<T, __nv_fp8_e4m3, Epilogue::gelu, 0>(call, stream);
  using Out = __nv_bfloat16;
  switch (call.epilogue) {
    case Epilogue::none: return launch<T, Out, Epilogue::none, 0>(call, stream);
    case Epilogue::gelu: return launch<T, Out, Epilogue::gelu, 0>(call, stream);
    case Epilogue::qkNormRope: break;
  }
  return call.dim == 128 ? launch<T, Out, Epilogue::qkNormRope, 128>(call, stream)
                         : launch<T, Out, Epilogue::qkNormRope, 64>(call, stream);
}

bool fits(const ProductCall& call, const ProductPart& part) {
  const int64_t element = call.dtype == Dtype::e4m3 ? 1 : 2, outElement = call.outDtype == Dtype::e4m3 ? 1 : 2;
  const auto rowsFit = [](const RowsView& view, int64_t bytesPerElement) {
    return reinterpret_cast<uintptr_t>(view.data) % 16 == 0 && view.rowStride * bytesPerElement % 16 == 0;
  };
  for (const void* vector : {part.bias, part.normQ, part.normK, static_cast<const void*>(part.weightScales)})
    if (reinterpret_cast<uintptr_t>(vector) % 16 != 0) return false;
  if (call.split < call.inner && !rowsFit(part.rest, element)) return false;
  return rowsFit(part.x, element) && rowsFit(part.weight, element) && rowsFit(part.out, outElement) &&
         part.units.count <= kMaxProductUnits && reinterpret_cast<uintptr_t>(part.rope) % 8 == 0;
}

}  // namespace

bool hasFusedProduct(const ProductCall& call) {
  const int depth = call.dtype == Dtype::e4m3 ? kStageDepth<__nv_fp8_e4m3> : kStageDepth<__nv_bfloat16>;
  if (currentCard().major != 9 || (call.dtype != Dtype::bf16 && call.dtype != Dtype::e4m3)) return false;
  const bool quantises = call.outDtype == Dtype::e4m3;
  if (quantises && (call.dtype != Dtype::e4m3 || call.epilogue != Epilogue::gelu || call.columns % 16 != 0)) return false;
  if (!quantises && call.outDtype != Dtype::bf16) return false;
  if (call.epilogue == Epilogue::qkNormRope && call.dim != 64 && call.dim != 128) return false;
  // A row's scale is of all its columns; stages are of one part of x.
  if (call.split < call.inner && (call.dtype == Dtype::e4m3 || call.split % depth != 0)) return false;
  if (call.columns % kVector != 0 || call.inner < kLeastStages * depth) return false;
  for (int n = 0; n < call.count; ++n)
    if (!fits(call, call.parts[n])) return false;
  return true;
}

cudaError_t fusedProduct(const ProductCall& call, cudaStream_t stream) {
  return call.dtype == Dtype::e4m3 ? dispatch<__nv_fp8_e4m3>(call, stream) : dispatch<__nv_bfloat16>(call, stream);
}

}  // namespace arrowhead::cuda
