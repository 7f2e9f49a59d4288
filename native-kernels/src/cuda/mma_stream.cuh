// From device memory to shared memory: queries, and the keys and values of a walk.
#pragma once
#include "mma_traits.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/thread.cuh"

namespace arrowhead::cuda::mma {

template <class T>
__device__ inline T* headOf(const HeadsView& view, const Tile& tile, int dim) {
  return static_cast<T*>(view.data) + tile.batch * view.batchStride + static_cast<int64_t>(tile.head) * dim;
}

// A few neighbouring threads per row, for whole sectors of memory.
template <int dim, int threads>
struct RowLanes {
  static constexpr int kPerRow = Traits<dim>::kSwizzleBytes / 16;
  static constexpr int kRows = threads / kPerRow;
  static constexpr int kGroups = dim / 8 / kPerRow;
  // So that a thread's rows share their swizzle.
  static_assert(kRows % 8 == 0 || threads == 32);

  int row, chunk;
  __device__ explicit RowLanes(uint32_t thread) : row(thread % threads / kPerRow), chunk(thread % kPerRow) {}
};

// Starts copying `rows` rows; what lies past the end of the sequence or of the head dim becomes zero. `from` is this
// thread's first chunk, `token` the token that it belongs to.
template <class T, int dim, int rows>
__device__ inline void loadRows(uint32_t tile, const T* from, int64_t tokenStride, int token, const Arguments& args) {
  using Lanes = RowLanes<dim, Traits<dim>::kThreads>;
  static_assert(rows % Lanes::kRows == 0);
  const Lanes lanes(fresh(threadIdx.x));
  const int64_t stride = fresh(tokenStride);
  const uint32_t to = chunkAddress<dim>(tile, lanes.row, lanes.chunk);
#pragma unroll
  for (int row = 0; row < rows; row += Lanes::kRows)
#pragma unroll
    for (int group = 0; group < Lanes::kGroups; ++group) {
      const int column = 8 * (lanes.chunk + group * Lanes::kPerRow);
      copyAsync(to + row * Traits<dim>::kRowBytes + group * Traits<dim>::kSwizzleBytes,
                from + row * stride + group * Lanes::kPerRow * 8, token + row < args.tokens && column < args.dim ? 16 : 0);
    }
}

template <class T, int dim>
__device__ inline void loadQueries(uint32_t tile, const Arguments& args, const Tile& where) {
  const RowLanes<dim, Traits<dim>::kThreads> lanes(fresh(threadIdx.x));
  const int token = where.rowBlock * kTileRows + lanes.row;
  loadRows<T, dim, kTileRows>(tile, headOf<const T>(args.q, where, args.dim) + token * args.q.tokenStride + 8 * lanes.chunk,
                              args.q.tokenStride, token, args);
}

// Keys and values of a walk through a ring of slots: K₀ V₀ K₁ V₁ … Keeps as little as it can: registers are short.
template <class T, int dim>
class KeyStream {
  using Traits = mma::Traits<dim>;
  static constexpr int kAhead = Traits::kSlots - 1;

 public:
  __device__ KeyStream(const Arguments& args, const Tile& tile, int walk, uint32_t ring)
      : args_(args), ring_(ring), readSlot_(ring), walk_(walk) {
    const RowLanes<dim, Traits::kThreads> lanes(fresh(threadIdx.x));
    const KeyWalk& keys = args.tiles.walks[walk];
    token_ = keys.firstBlock[0] * kKeyBlock + lanes.row;
    stepsInRun_ = keys.blocks[0] * Traits::kStepsPerBlock;
    stepsToLoad_ = keys.totalBlocks * Traits::kStepsPerBlock - (kKeyBlock - keys.lastKeys) / Traits::kStepKeys;
    key_ = headOf<const T>(args.k, tile, args.dim) + token_ * args.k.tokenStride + 8 * lanes.chunk;
    value_ = headOf<const T>(args.v, tile, args.dim) + token_ * args.v.tokenStride + 8 * lanes.chunk;
#pragma unroll
    for (int i = 0; i < kAhead; ++i) load(ring + i * Traits::kSlotBytes);
  }

  // Between steps: keys and values have both been asked for, as often.
  __device__ bool isDone() const { return stepsToLoad_ <= -(kAhead / 2); }
  __device__ bool isLast() const { return stepsToLoad_ == 1 - kAhead / 2; }
  // Of the last step.
  __device__ int lastKeys() const { return (args_.tiles.walks[walk_].lastKeys - 1) % Traits::kStepKeys + 1; }

  // The slot with what comes next. The slot before is given up: it is loaded anew.
  __device__ uint32_t next() {
    copyAsyncWait<kAhead - 1>();
    // All threads' copies have arrived, and all warps are done with the slot before.
    __syncthreads();
    const uint32_t last = ring_ + kAhead * Traits::kSlotBytes;
    const uint32_t slot = readSlot_;
    load(slot == ring_ ? last : slot - Traits::kSlotBytes);
    readSlot_ = slot == last ? ring_ : slot + Traits::kSlotBytes;
    return slot;
  }

 private:
  // Past the end an empty group, so that waiting for all but the latest still counts right.
  __device__ void load(uint32_t slot) {
    if (stepsToLoad_ > 0) {
      if (isValue_) {
        loadRows<T, dim, Traits::kStepKeys>(slot, value_, args_.v.tokenStride, token_, args_);
      } else {
        loadRows<T, dim, Traits::kStepKeys>(slot, key_, args_.k.tokenStride, token_, args_);
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
    key_ += distance * args_.k.tokenStride;
    value_ += distance * args_.v.tokenStride;
  }

  const Arguments& args_;
  const uint32_t ring_;
  uint32_t readSlot_;
  const int walk_;
  int run_ = 0;
  int stepsInRun_;
  int stepsToLoad_;
  // This thread's first of the keys and values to load next.
  int token_;
  const T* key_;
  const T* value_;
  bool isValue_ = false;
};

}  // namespace arrowhead::cuda::mma
