// Tiles, rings and arguments of the sm_90a products.
#pragma once
#include <cuda.h>

#include "kernels.h"
#include "hopper_common.cuh"

namespace arrowhead::cuda {

inline constexpr int kProductConsumers = 2;
inline constexpr int kProductThreads = (1 + kProductConsumers) * kWarpgroup;
inline constexpr int kProductWarps = kProductConsumers * kWarpgroup / 32;
inline constexpr int kProductRows = kProductConsumers * kWarpgroupRows;
inline constexpr int kProductColumns = 256;
inline constexpr int kProductStages = 4;
// A stage is 128 bytes deep: 64 elements of 16 bits, 128 of 8.
template <class T>
inline constexpr int kStageDepth = kSlabRowBytes / static_cast<int>(sizeof(T));
inline constexpr int kRowTileBytes = kProductRows * kSlabRowBytes;
inline constexpr int kWeightTileBytes = kProductColumns * kSlabRowBytes;
inline constexpr int kStageBytes = kRowTileBytes + kWeightTileBytes;
inline constexpr int kWarpRows = 16;
inline constexpr int kProductSums = kProductColumns / 2;

// Of the depth, at least: what the epilogue needs is fetched beside them.
inline constexpr int kLeastStages = 9;

// What a tile's epilogue reads, fetched while its products run.
struct TileInputs {
  uint16_t bias[kProductColumns];
  uint16_t norm[2][128];  // of q, of k
  float weightScales[kProductColumns];
};

struct alignas(1024) ProductShared {
  uint8_t x[kProductStages][kRowTileBytes];
  uint8_t weight[kProductStages][kWeightTileBytes];
  // 64 columns of a warp's rows on their way out.
  uint8_t out[kProductWarps][kWarpRows * kSlabRowBytes];
  TileInputs inputs[2];
  uint64_t full[kProductStages], empty[kProductStages];
  uint64_t inputsFull[2], inputsEmpty[2];
};

static_assert(sizeof(ProductShared) + 1024 <= 227 * 1024);

struct ProductArguments {
  ProductCall call;
  CUtensorMap x[kMaxProductParts], rest[kMaxProductParts], weight[kMaxProductParts];
  // Row tiles that share a tile of weights before the next one comes.
  int32_t groupedRows;
};

// Units are columns that lie together: a head's of q, k or v, which may be missing in between, or all of a tile's.
template <Epilogue epilogue, int dim>
inline constexpr int kUnitColumns = epilogue == Epilogue::qkNormRope ? dim : kProductColumns;

template <int unitColumns>
struct ProductTile {
  static constexpr int kUnits = kProductColumns / unitColumns;

  int part;
  int row;
  int columns[kUnits];  // of each unit the first; past the last unit, one that no matrix has
};

// Tiles are counted part by part, in groups of rows, column by column within a group: blocks that work at the same time
// read the same weights and rows.
template <int unitColumns>
__device__ inline bool productTile(const ProductArguments& args, int index, ProductTile<unitColumns>& tile) {
  constexpr int kUnits = ProductTile<unitColumns>::kUnits;
  const ProductCall& call = args.call;
  for (int n = 0; n < call.count; ++n) {
    const ProductPart& part = call.parts[n];
    const int columnTiles = (part.units.count + kUnits - 1) / kUnits;
    const int rowTiles = (part.rows + kProductRows - 1) / kProductRows;
    if (index >= rowTiles * columnTiles) {
      index -= rowTiles * columnTiles;
      continue;
    }
    const int group = index / (args.groupedRows * columnTiles), within = index % (args.groupedRows * columnTiles);
    const int height = min(args.groupedRows, rowTiles - group * args.groupedRows);
    tile.part = n;
    tile.row = (group * args.groupedRows + within % height) * kProductRows;
#pragma unroll
    for (int i = 0; i < kUnits; ++i) {
      const int unit = within / height * kUnits + i;
      tile.columns[i] = unit < part.units.count ? part.units.first[unit] * unitColumns : call.columns;
    }
    return true;
  }
  return false;
}

}  // namespace arrowhead::cuda
