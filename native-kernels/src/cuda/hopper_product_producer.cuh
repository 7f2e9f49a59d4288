// The producer's role: one thread that keeps the copy engine busy.
#pragma once
#include "hopper_product_traits.cuh"
#include "ptx/tma.cuh"

namespace arrowhead::cuda {

// What is missing reads as nothing.
template <int unitColumns>
__device__ inline void loadInputs(TileInputs& inputs, const ProductCall& call, const ProductTile<unitColumns>& tile,
                                  uint64_t* barrier) {
  const ProductPart& part = call.parts[tile.part];
  int valid[ProductTile<unitColumns>::kUnits], columns = 0;
  for (int i = 0; i < ProductTile<unitColumns>::kUnits; ++i) {
    valid[i] = min(unitColumns, call.columns - tile.columns[i]);
    columns += valid[i];
  }
  const int perColumn = (part.bias ? 2 : 0) + (part.weightScales ? 4 : 0);
  const int norms = (part.normQ != nullptr) + (part.normK != nullptr);
  mbarrierArriveExpect(barrier, perColumn * columns + norms * call.dim * 2);
  for (int i = 0; i < ProductTile<unitColumns>::kUnits; ++i) {
    if (valid[i] == 0) continue;
    const int at = i * unitColumns, column = tile.columns[i];
    if (part.bias) loadBytes(inputs.bias + at, static_cast<const uint16_t*>(part.bias) + column, valid[i] * 2, barrier);
    if (part.weightScales) loadBytes(inputs.weightScales + at, part.weightScales + column, valid[i] * 4, barrier);
  }
  if (part.normQ) loadBytes(inputs.norm[0], part.normQ, call.dim * 2, barrier);
  if (part.normK) loadBytes(inputs.norm[1], part.normK, call.dim * 2, barrier);
}

template <class T, int unitColumns>
__device__ inline void produceTiles(ProductShared& shared, const ProductArguments& args) {
  const int depths = (args.call.inner + kStageDepth<T> - 1) / kStageDepth<T>;
  RingPosition<kProductStages> slot;
  RingPosition<2> inputs;
  ProductTile<unitColumns> tile;
  for (int index = blockIdx.x; productTile(args, index, tile); index += gridDim.x) {
    for (int n = 0; n < depths; ++n) {
      mbarrierWait(&shared.empty[slot.slot], slot.parity ^ 1);
      uint64_t* full = &shared.full[slot.slot];
      mbarrierArriveExpect(full, kStageBytes);
      const int depth = n * kStageDepth<T>, split = args.call.split;
      if (depth < split) loadMatrixBox(shared.x[slot.slot], args.x[tile.part], full, depth, tile.row);
      else loadMatrixBox(shared.x[slot.slot], args.rest[tile.part], full, depth - split, tile.row);
#pragma unroll
      for (int i = 0; i < tile.kUnits; ++i)
        loadMatrixBox(shared.weight[slot.slot] + i * unitColumns * kSlabRowBytes, args.weight[tile.part], full,
                      depth, tile.columns[i]);
      slot.advance();
      if (n > 0) continue;
      // After the first stage, which is waited for sooner.
      mbarrierWait(&shared.inputsEmpty[inputs.slot], inputs.parity ^ 1);
      loadInputs(shared.inputs[inputs.slot], args.call, tile, &shared.inputsFull[inputs.slot]);
      inputs.advance();
    }
  }
}

}  // namespace arrowhead::cuda
