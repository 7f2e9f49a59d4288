// The producers' roles: one thread takes tiles, one ahead of what is computed, and one keeps the copy engine busy.
#pragma once
#include "hopper_attention_traits.cuh"
#include "kernels.h"
#include "ptx/tma.cuh"

namespace arrowhead::cuda {

struct HopperArguments {
  TileList tiles;
  int32_t tokens;
  int32_t heads;
  int32_t rowBlocks;
  int32_t candidates;  // 0 unless measuring
  float scaleLog2;
  int32_t* counters;
  Addends addends;
};

// Walks a KeyWalk, block by block.
class KeyCursor {
 public:
  __device__ explicit KeyCursor(const KeyWalk& walk) : walk_(walk), token_(walk.firstBlock[0] * kKeyBlock), left_(walk.blocks[0]) {}

  // The first token of the next block; past the last one, a token that no tensor has, so that zeros are loaded.
  __device__ int32_t next() {
    while (left_ == 0) {
      if (run_ == 2) return kNoToken;
      ++run_;
      token_ = walk_.firstBlock[run_] * kKeyBlock;
      left_ = walk_.blocks[run_];
    }
    const int32_t token = token_;
    token_ += kKeyBlock;
    --left_;
    return token;
  }

 private:
  static constexpr int32_t kNoToken = 0x40000000;
  const KeyWalk& walk_;
  int run_ = 0;
  int32_t token_;
  int32_t left_;
};

template <int dim>
struct TensorMaps {
  const CUtensorMap& query;
  const CUtensorMap& key;
  const CUtensorMap& value;
};

// 128 rows of a tensor, 64 from each token, into one tile.
template <int dim>
__device__ inline void loadTile(uint8_t* shared, const CUtensorMap& map, uint64_t* barrier, const int32_t (&tokens)[2],
                                const TileInfo& info) {
  using Traits = HopperTraits<dim>;
  mbarrierArriveExpect(barrier, Traits::kTileBytes);
#pragma unroll
  for (int half = 0; half < 2; ++half)
#pragma unroll
    for (int slab = 0; slab < Traits::kSlabs; ++slab)
      loadBox(shared + slab * Traits::kSlabBytes + half * kKeyBlock * kSlabRowBytes, map, barrier, slab * kSlabColumns,
              tokens[half], info.head, info.batch);
}

// Takes tiles while the ones before are computed: reading them, and what keys they visit, takes as long as half a tile.
template <int dim, bool measuring>
__device__ inline void takeTiles(HopperShared<dim>& shared, const HopperArguments& args) {
  const int stages = measuring ? args.candidates + 1 : 1;
  RingPosition<2> slot;
  for (int index = static_cast<int>(blockIdx.x); index < args.tiles.count; slot.advance()) {
    mbarrierWait(&shared.queryEmpty[slot.slot], slot.parity ^ 1);
    const Tile tile = args.tiles.tiles[index];
    index = static_cast<int>(gridDim.x) + atomicAdd(&args.counters[0], 1);
    TileInfo& info = shared.info[slot.slot];
    info.head = tile.head;
    info.batch = tile.batch;
    info.row = tile.rowBlock * kTileRows;
    info.addend = tile.addend;
    info.copyTo = tile.copyTo;
    info.firstWalk = tile.walk;
    info.slot = (tile.batch * args.heads + tile.head) * args.rowBlocks + tile.rowBlock;
#pragma unroll 1
    for (int stage = 0; stage < stages; ++stage) {
      const KeyWalk walk = args.tiles.walks[tile.walk + stage];
      if (stage == 0) shared.walk[slot.slot] = walk;
      const int blocks = walk.totalBlocks;
      info.keyTiles[stage] = (blocks + 1) / 2;
      info.lastKeys[stage] = walk.lastKeys + (blocks % 2 == 0 ? kKeyBlock : 0);
    }
    mbarrierArrive(&shared.infoFull[slot.slot]);
  }
  mbarrierWait(&shared.queryEmpty[slot.slot], slot.parity ^ 1);
  shared.info[slot.slot].keyTiles[0] = 0;
  mbarrierArrive(&shared.infoFull[slot.slot]);
  // The last block to get here leaves the counters as it found them.
  if (atomicAdd(&args.counters[1], 1) == static_cast<int>(gridDim.x) - 1) {
    args.counters[0] = 0;
    args.counters[1] = 0;
  }
}

template <int dim, bool measuring>
__device__ inline void loadTiles(HopperShared<dim>& shared, const HopperArguments& args, const TensorMaps<dim>& maps) {
  using Traits = HopperTraits<dim>;
  RingPosition<Traits::kRing> keySlot, valueSlot;
  RingPosition<2> querySlot;
  const auto loadKeys = [&](const int32_t (&tokens)[2], const TileInfo& info) {
    mbarrierWait(&shared.keyEmpty[keySlot.slot], keySlot.parity ^ 1);
    loadTile<dim>(shared.key[keySlot.slot], maps.key, &shared.keyFull[keySlot.slot], tokens, info);
    keySlot.advance();
  };
  const auto loadValues = [&](const int32_t (&tokens)[2], const TileInfo& info) {
    mbarrierWait(&shared.valueEmpty[valueSlot.slot], valueSlot.parity ^ 1);
    loadTile<dim>(shared.value[valueSlot.slot], maps.value, &shared.valueFull[valueSlot.slot], tokens, info);
    valueSlot.advance();
  };

  const int stages = measuring ? args.candidates + 1 : 1;
  for (;; querySlot.advance()) {
    mbarrierWait(&shared.infoFull[querySlot.slot], querySlot.parity);
    const TileInfo& info = shared.info[querySlot.slot];
    uint64_t* queryFull = &shared.queryFull[querySlot.slot];
    if (info.keyTiles[0] == 0) {
      mbarrierArrive(queryFull);
      return;
    }
    // The last stage with keys: once they are on their way the consumers may be done, and `info` another tile's.
    int last = 0;
    for (int stage = 1; stage < stages; ++stage)
      if (info.keyTiles[stage] > 0) last = stage;
    for (int stage = 0; stage <= last; ++stage) {
      KeyCursor keys(stage == 0 ? shared.walk[querySlot.slot] : args.tiles.walks[info.firstWalk + stage]);
      const int keyTiles = info.keyTiles[stage];
      int32_t before[2];
      for (int n = 0; n < keyTiles; ++n) {
        const int32_t tokens[2] = {keys.next(), keys.next()};
        loadKeys(tokens, info);
        if (stage == 0 && n == 0) {
          const int32_t rows[2] = {info.row, info.row + kWarpgroupRows};
          loadTile<dim>(shared.query[querySlot.slot], maps.query, queryFull, rows, info);
        }
        // Values lag a tile behind the keys, as their product does.
        if (n > 0) loadValues(before, info);
        before[0] = tokens[0];
        before[1] = tokens[1];
      }
      if (keyTiles > 0) loadValues(before, info);
    }
  }
}

}  // namespace arrowhead::cuda
