// Tile sizes, rings and roles of the sm_90a attention kernels.
#pragma once
#include <cstdint>

#include "kernels.h"
#include "hopper_common.cuh"

namespace arrowhead::cuda {

// A tile multiplies two key blocks, wherever the mask has them.
inline constexpr int kTileKeys = 2 * kKeyBlock;
// Two warpgroups of 64 queries each take turns: one has softmax while the other has the tensor cores.
inline constexpr int kConsumers = 2;
inline constexpr int kTileRows = kConsumers * kWarpgroupRows;
inline constexpr int kHopperThreads = (1 + kConsumers) * kWarpgroup;

// Candidates and full attention.
inline constexpr int kMaxStages = kMaxCandidates + 1;

struct TileInfo {
  int32_t head;
  int32_t batch;
  int32_t row;    // first query
  int32_t slot;   // (batch, head, row block) counted through
  int32_t addend;
  int32_t copyTo;
  int32_t firstWalk;
  int32_t keyTiles[kMaxStages];   // per stage; keyTiles[0] = 0: no more tiles
  int32_t lastKeys[kMaxStages];   // valid keys of the stage's last tile
};

template <int dim>
struct HopperTraits {
  static_assert(dim == 64 || dim == 128);
  static constexpr int kSlabs = dim / kSlabColumns;
  static constexpr int kRing = dim == 64 ? 4 : 2;
  static constexpr int kSlabBytes = kTileRows * kSlabRowBytes;  // queries and keys alike: 128 rows
  static constexpr int kTileBytes = kSlabs * kSlabBytes;
  static_assert(kTileRows == kTileKeys);
};

template <int dim>
struct alignas(1024) HopperShared {
  using Traits = HopperTraits<dim>;
  // The output of a tile lies where its queries were.
  uint8_t query[2][Traits::kTileBytes];
  uint8_t key[Traits::kRing][Traits::kTileBytes];
  uint8_t value[Traits::kRing][Traits::kTileBytes];
  uint64_t queryFull[2], queryEmpty[2];
  uint64_t keyFull[Traits::kRing], keyEmpty[Traits::kRing];
  uint64_t valueFull[Traits::kRing], valueEmpty[Traits::kRing];
  TileInfo info[2];
  KeyWalk walk[2];  // of the tile's first stage
  uint64_t infoFull[2];
};

static_assert(sizeof(HopperShared<128>) + 1024 <= 227 * 1024);

}  // namespace arrowhead::cuda
