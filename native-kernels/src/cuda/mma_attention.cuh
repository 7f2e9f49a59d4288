// Head-wise attention by mma.sync, for every card since sm_80 and every head dim: every head by its own method in one
// launch, or every candidate against full attention.
//
// A persistent block takes row blocks of 128 queries from a list ordered by cost. All its warps load and all compute;
// where registers allow, several blocks share a multiprocessor, so that the softmax of one runs beside the products of
// another.
#pragma once
#include "mma_measure.cuh"

namespace arrowhead::cuda::mma {

// Outputs go where the warp's own queries were, and from there in whole rows to memory.
template <class T, int dim>
__device__ inline void storeOutput(const Arguments& args, const Tile& tile, const Queries<T, dim>& queries,
                                   uint8_t* memory) {
  using Lanes = RowLanes<dim, 32>;
  constexpr int kTiles = Queries<T, dim>::kTiles;
  const uint32_t thread = fresh(threadIdx.x);
  const int lane = thread % 32, warpRow = thread / 32 * 16 * kTiles;
  const int firstRow = tile.rowBlock * kTileRows;
  const HeadsView* addend = tile.addend >= 0 ? &args.addends.view[tile.addend] : nullptr;
  const T* added = addend ? headOf<const T>(*addend, tile.batch, tile.head, args.dim) + 2 * (lane % 4) : nullptr;
#pragma unroll
  for (int t = 0; t < kTiles; ++t)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float inverse = queries.inverseSum(t, half);
      const int row = warpRow + 16 * t + 8 * half + lane / 4;
      const bool combines = added && firstRow + row < args.tokens;
#pragma unroll
      for (int n = 0; n < queries.kOutputs; ++n) {
        const float* o = &queries.output[t][n][2 * half];
        float2 value = {o[0] * inverse, o[1] * inverse};
        if (combines && 8 * n < args.dim) {
          const int64_t place = static_cast<int64_t>(firstRow + row) * addend->tokenStride + 8 * n;
          const float2 other = unpack<T>(*reinterpret_cast<const uint32_t*>(added + place));
          value = {fmaf(args.addends.sign, value.x, other.x), fmaf(args.addends.sign, value.y, other.y)};
        }
        *reinterpret_cast<uint32_t*>(memory + chunkAddress<dim>(0, row, n) + lane % 4 * 4) = pack<T>(value.x, value.y);
      }
    }
  __syncwarp();

  const Lanes lanes(thread);
  T* out = headOf<T>(args.out, tile.batch, tile.head, args.dim);
  T* copy = tile.copyTo >= 0 ? headOf<T>(args.out, tile.copyTo, tile.head, args.dim) : nullptr;
#pragma unroll
  for (int r = 0; r < 16 * kTiles; r += Lanes::kRows) {
    const int row = warpRow + r + lanes.row;
    if (firstRow + row >= args.tokens) continue;
#pragma unroll
    for (int group = 0; group < Lanes::kGroups; ++group) {
      const int chunk = group * Lanes::kPerRow + lanes.chunk;
      if (8 * chunk >= args.dim) continue;
      const uint4 values = *reinterpret_cast<const uint4*>(memory + chunkAddress<dim>(0, row, chunk));
      const int64_t place = (firstRow + row) * args.out.tokenStride + 8 * chunk;
      *reinterpret_cast<uint4*>(out + place) = values;
      if (copy) *reinterpret_cast<uint4*>(copy + place) = values;
    }
  }
}

template <class T, int dim, bool measuring>
__global__ void __launch_bounds__(Traits<dim>::kThreads, Traits<dim>::kBlocksPerMultiprocessor)
    attention(const __grid_constant__ Arguments args, const __grid_constant__ MeasureArguments measure) {
  using Traits = mma::Traits<dim>;
  extern __shared__ __align__(128) uint8_t memory[];
  __shared__ int32_t nextTile;
  const auto shared = static_cast<uint32_t>(__cvta_generic_to_shared(memory));

  for (int index = blockIdx.x; index < args.tiles.count; index = nextTile) {
    // Read again at the end rather than kept: registers are short.
    const Tile& tile = args.tiles.tiles[index];
    loadQueries<dim>(shared, args, tile);
    Queries<T, dim> queries(shared);
    const int stages = measuring ? measure.compared.candidates + 1 : 1;
    for (int stage = 0; stage < stages; ++stage) {
      // All warps are done with the slots of the stage before.
      if (stage > 0) __syncthreads();
      KeyStream<dim> stream(args, tile, tile.walk + stage, shared + Traits::kQueryBytes);
      queries.attend(stream, args.scaleLog2, args.headroom);
      if constexpr (measuring)
        if (stage < measure.compared.candidates) keepSnapshot(snapshotOf<T, dim>(measure, stage), queries);
    }
    // Asked for before the outputs are stored: the answer is here when they are.
    int32_t next = 0;
    if (threadIdx.x == 0) next = gridDim.x + atomicAdd(&args.counters[0], 1);
    if constexpr (measuring) {
      Comparison<T, dim>(measure, args, tile, queries).run();
    } else {
      storeOutput(args, tile, queries, memory);
    }
    if (threadIdx.x == 0) nextTile = next;
    // All warps are done with the queries and the slots.
    __syncthreads();
  }

  // The last block to get here leaves the counters as it found them.
  if (threadIdx.x == 0 && atomicAdd(&args.counters[1], 1) == static_cast<int>(gridDim.x) - 1) {
    args.counters[0] = 0;
    args.counters[1] = 0;
  }
}

}  // namespace arrowhead::cuda::mma
