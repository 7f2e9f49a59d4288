// Tile sizes, shared memory and arguments of the attention kernels for cards without wgmma.
#pragma once
#include <cstdint>

#include "kernels.h"

namespace arrowhead::cuda::mma {

inline constexpr int kTileRows = 128;

// `dim` is the padded head dim here and in all templates.
template <int dim>
struct Traits {
  static_assert(dim % 32 == 0 && dim <= 256);
  // Up to 128 a warp has two row tiles of 16 queries: both multiply each fragment of keys and values, so that shared
  // memory is read half as often. Wider outputs of two would not fit into registers.
  static constexpr int kWarps = dim <= 128 ? 4 : 8;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kRowTiles = kTileRows / (16 * kWarps);
  // Keys multiplied at a time: a key block, or half of one.
  static constexpr int kStepKeys = dim <= 128 ? 64 : 32;
  static constexpr int kStepsPerBlock = kKeyBlock / kStepKeys;
  // Keys and values of one step take a slot each; all but one are on their way while that one is multiplied.
  static constexpr int kSlots = dim <= 64 ? 4 : dim <= 192 ? 3 : 2;
  static constexpr int kBlocksPerMultiprocessor = dim <= 32 ? 3 : dim <= 128 ? 2 : 1;

  static constexpr int kRowBytes = 2 * dim;
  static constexpr int kSlotBytes = kStepKeys * kRowBytes;
  static constexpr int kQueryBytes = kTileRows * kRowBytes;
  static constexpr int kSharedBytes = kQueryBytes + kSlots * kSlotBytes;
  // sm_86, 89 and 120 give a block 99 KiB; the number of the next tile needs a little.
  static_assert(kSharedBytes + 128 <= 99 * 1024);

  // The 16-byte chunks of a row change places within spans of this size.
  static constexpr int kSwizzleBytes = dim % 64 == 0 ? 128 : 64;
};

// Queries, keys or values, counted in chunks of 16 bytes: 32 bits reach 64 GiB, and halve the registers of a position.
struct Source {
  const uint4* data;
  uint32_t tokenStride;
  uint32_t batchStride;
};

struct Arguments {
  Source q, k, v;
  HeadsView out;
  Addends addends;
  TileList tiles;
  int32_t tokens;
  int32_t heads;
  int32_t dim;  // as it is, not padded
  int32_t rowBlocks;
  float scaleLog2;
  float headroom;  // in scores, see Queries::softmax
  int32_t* counters;
};

struct MeasureArguments {
  Compared compared;
  // Of each thread block, candidate and thread: its outputs. Float32, so that rounding never looks like error.
  float4* snapshots;
  // [slots][warps][compared.values()]; a slot is (batch, head, row block) counted through
  double* partials;
};

template <class T>
__device__ inline T* headOf(const HeadsView& view, int batch, int head, int dim) {
  return static_cast<T*>(view.data) + batch * view.batchStride + static_cast<int64_t>(head) * dim;
}

// What a row's byte offsets are XORed with: eight rows of one column then lie in different banks.
template <int dim>
__device__ constexpr uint32_t swizzleOf(int row) {
  return Traits<dim>::kSwizzleBytes == 128 ? row % 8 * 16 : row / 2 % 4 * 16;
}

// Address of 16 bytes of a row. Rows begin at multiples of kSwizzleBytes.
template <int dim>
__device__ constexpr uint32_t chunkAddress(uint32_t tile, int row, int chunk) {
  return tile + row * Traits<dim>::kRowBytes + ((16 * chunk) ^ swizzleOf<dim>(row));
}

// The chunk `bytes` further in the row than `chunk`, the address of its chunk 0 or 1: `bytes` is a multiple of 32, so
// that adding it is an XOR as well.
template <int dim>
__device__ constexpr uint32_t furtherBy(uint32_t chunk, int bytes) {
  constexpr int kSpan = Traits<dim>::kSwizzleBytes;
  return (chunk ^ (bytes % kSpan)) + bytes / kSpan * kSpan;
}

}  // namespace arrowhead::cuda::mma
