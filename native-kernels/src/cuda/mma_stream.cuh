// From device memory to shared memory: queries, and the keys and values of a walk.
#pragma once
#include "mma_traits.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/thread.cuh"

namespace arrowhead::cuda::mma {

// How threads share rows: 8 or 4 neighbours one row, 16 bytes each.
template <int dim, int threads>
struct RowLanes {
  static constexpr int kPerRow = Traits<dim>::kSwizzleBytes / 16;
  static constexpr int kRows = threads / kPerRow;
  static constexpr int kGroups = dim / 8 / kPerRow;

  int row, chunk;
  __device__ explicit RowLanes(uint32_t thread) : row(thread % threads / kPerRow), chunk(thread % kPerRow) {}
};

// Which chunk of a source this thread copies first, when copying starts at `token`.
template <int dim>
__device__ inline uint32_t firstChunk(const Source& source, const Tile& tile, int token, int headChunks) {
  const RowLanes<dim, Traits<dim>::kThreads> lanes(fresh(threadIdx.x));
  return tile.batch * source.batchStride + (token + lanes.row) * source.tokenStride + tile.head * headChunks +
         lanes.chunk;
}

// Starts copying `rows` rows from `token` on; what lies past the end of the sequence or of the head dim becomes zero.
template <int dim, int rows>
__device__ inline void loadRows(uint32_t to, const Source& source, uint32_t chunk, int token, const Arguments& args) {
  using Lanes = RowLanes<dim, Traits<dim>::kThreads>;
  // So that a thread's rows share their swizzle.
  static_assert(Lanes::kRows % 8 == 0 && rows % Lanes::kRows == 0);
  const Lanes lanes(fresh(threadIdx.x));
  const uint32_t stride = fresh(source.tokenStride);
  to = chunkAddress<dim>(to, lanes.row, lanes.chunk);
#pragma unroll
  for (int row = 0; row < rows; row += Lanes::kRows)
#pragma unroll
    for (int group = 0; group < Lanes::kGroups; ++group) {
      const bool isThere =
          token + row + lanes.row < args.tokens && 8 * (lanes.chunk + group * Lanes::kPerRow) < args.dim;
      copyAsync(to + row * Traits<dim>::kRowBytes + group * Traits<dim>::kSwizzleBytes,
                source.data + (chunk + row * stride) + group * Lanes::kPerRow, isThere ? 16 : 0);
    }
}

template <int dim>
__device__ inline void loadQueries(uint32_t to, const Arguments& args, const Tile& tile) {
  const int token = tile.rowBlock * kTileRows;
  loadRows<dim, kTileRows>(to, args.q, firstChunk<dim>(args.q, tile, token, args.dim / 8), token, args);
}

// Keys and values of a walk through a ring of slots: K₀ V₀ K₁ V₁ … Keeps as little as it can: registers are short.
template <int dim>
class KeyStream {
  using Traits = mma::Traits<dim>;
  static constexpr int kAhead = Traits::kSlots - 1;

 public:
  __device__ KeyStream(const Arguments& args, const Tile& tile, int walk, uint32_t ring)
      : args_(args), ring_(ring), readSlot_(ring), walk_(walk) {
    const KeyWalk& keys = args.tiles.walks[walk];
    token_ = keys.firstBlock[0] * kKeyBlock;
    stepsInRun_ = keys.blocks[0] * Traits::kStepsPerBlock;
    stepsToLoad_ = keys.totalBlocks * Traits::kStepsPerBlock - (kKeyBlock - keys.lastKeys) / Traits::kStepKeys;
    keyChunk_ = firstChunk<dim>(args.k, tile, token_, args.dim / 8);
    valueChunk_ = firstChunk<dim>(args.v, tile, token_, args.dim / 8);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) load(ring + i * Traits::kSlotBytes);
  }

  // For use between steps, when kAhead / 2 steps to come have been loaded whole.
  __device__ bool isDone() const { return stepsToLoad_ <= -(kAhead / 2); }
  __device__ bool isLast() const { return stepsToLoad_ == 1 - kAhead / 2; }
  // Of the last step.
  __device__ int lastKeys() const { return (args_.tiles.walks[walk_].lastKeys - 1) % Traits::kStepKeys + 1; }

  // The slot with what comes next; the slot before is given up.
  __device__ uint32_t next() {
    copyAsyncWait<kAhead - 1>();
    // All threads' copies have arrived, and all warps are done with the slot before.
    __syncthreads();
    const uint32_t slot = readSlot_;
    readSlot_ = slot == lastSlot() ? ring_ : slot + Traits::kSlotBytes;
    return slot;
  }

  // Loads the slot given up, once after each next(): best when the first products are under way.
  __device__ void refill(uint32_t slot) { load(slot == ring_ ? lastSlot() : slot - Traits::kSlotBytes); }

 private:
  // Past the end an empty group, so that waiting for all but the latest still counts right.
  __device__ void load(uint32_t slot) {
    if (stepsToLoad_ > 0) {
      if (isValue_) {
        loadRows<dim, Traits::kStepKeys>(slot, args_.v, valueChunk_, token_, args_);
      } else {
        loadRows<dim, Traits::kStepKeys>(slot, args_.k, keyChunk_, token_, args_);
      }
    }
    copyAsyncCommit();
    if (isValue_) advance();
    isValue_ = !isValue_;
  }

  __device__ void advance() {
    --stepsToLoad_;
    int distance = Traits::kStepKeys;
    if (--stepsInRun_ == 0 && stepsToLoad_ > 0) {
      const KeyWalk& keys = args_.tiles.walks[walk_];
      distance += (keys.firstBlock[run_ + 1] - keys.firstBlock[run_] - keys.blocks[run_]) * kKeyBlock;
      ++run_;
      stepsInRun_ = keys.blocks[run_] * Traits::kStepsPerBlock;
    }
    token_ += distance;
    keyChunk_ += distance * args_.k.tokenStride;
    valueChunk_ += distance * args_.v.tokenStride;
  }

  __device__ uint32_t lastSlot() const { return ring_ + kAhead * Traits::kSlotBytes; }

  const Arguments& args_;
  const uint32_t ring_;
  uint32_t readSlot_;
  const int walk_;
  int run_ = 0;
  int stepsInRun_;
  int stepsToLoad_;
  // What to load next: its first token, and this thread's first chunks.
  int token_;
  uint32_t keyChunk_, valueChunk_;
  bool isValue_ = false;
};

}  // namespace arrowhead::cuda::mma
