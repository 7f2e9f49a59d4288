// Head-wise attention for sm_90a: every head by its own method in one launch, or every candidate against full attention.
//
// A persistent block takes row blocks of 128 queries from a list ordered by cost. One thread takes them, one loads (TMA);
// two warpgroups compute in turns, so that the softmax of one runs beside the matrix products of the other, and each
// overlaps its own softmax with the product of the tile before.
#pragma once
#include "hopper_attention_measure.cuh"
#include "hopper_attention_producer.cuh"

namespace arrowhead::cuda {

template <class T, int dim, bool measuring>
class HopperConsumer {
  using Traits = HopperTraits<dim>;

 public:
  __device__ HopperConsumer(HopperShared<dim>& shared, const HopperArguments& args, const MeasureArguments& measure)
      : shared_(shared), args_(args), measure_(measure), group_(threadIdx.x / kWarpgroup - 1) {}

  __device__ void run(const CUtensorMap& outMap) {
    // The first warpgroup begins.
    if (group_ == 1) namedBarrierArrive(kTurn, kConsumers * kWarpgroup);
    // A block starts with a tile: there are never more blocks than tiles.
    bool more = hasTile();
    if constexpr (!measuring) startScores();
    do {
      const TileInfo& info = shared_.info[querySlot_.slot];
      const int slot = querySlot_.slot;
      if constexpr (measuring) {
        measureTile(info);
        compareWithFull<T, dim>(measure_, info, args_.tokens, output_);
        groupSync();
        mbarrierArrive(&shared_.queryEmpty[slot]);
        querySlot_.advance();
        more = hasTile();
      } else {
        attendStage(info.keyTiles[0], info.lastKeys[0], false);
        querySlot_.advance();
        // The next tile's first scores are computed while this tile's output is stored.
        more = hasTile();
        startScores(more);
        wgmmaWait<1>();
        finishValues();
        normalise();
        if (info.addend >= 0) combine(args_.addends.view[info.addend], info);
        storeOutput(outMap, info, slot);
      }
    } while (more);
    wgmmaWait<0>();
    if (isLeader()) storeWaitRead();
  }

 private:
  static constexpr int kTurn = 1;   // and 2: a warpgroup's turn on the tensor cores
  static constexpr int kGroup = 3;  // and 4: one warpgroup alone

  __device__ bool isLeader() const { return threadIdx.x % kWarpgroup == 0; }
  __device__ void groupSync() const { namedBarrierSync(kGroup + group_, kWarpgroup); }

  __device__ bool hasTile() const {
    mbarrierWait(&shared_.queryFull[querySlot_.slot], querySlot_.parity);
    return shared_.info[querySlot_.slot].keyTiles[0] != 0;
  }

  // Issues the product of this tile's queries and the next keys. Without keys to come it multiplies what lies there, and
  // nobody looks at the result: a product behind a branch would make the compiler serialise all of them.
  __device__ void startScores(bool keysCome = true) {
    const uint32_t query = sharedAddress(shared_.query[querySlot_.slot]) + group_ * kWarpgroupRows * kSlabRowBytes;
    if (keysCome) mbarrierWait(&shared_.keyFull[keySlot_.slot], keySlot_.parity);
    multiplyQueryKey<T, dim>(scores_, query, sharedAddress(shared_.key[keySlot_.slot]));
  }

  __device__ void startValues(int accumulate) {
    mbarrierWait(&shared_.valueFull[valueSlot_.slot], valueSlot_.parity);
    multiplyProbabilityValue<T, dim>(output_, probabilities_, sharedAddress(shared_.value[valueSlot_.slot]), accumulate);
  }

  // After the wait for a product of probabilities and values.
  __device__ void finishValues() {
    pinRegisters(output_);
    release(shared_.valueEmpty, valueSlot_);
  }

  __device__ void normalise() {
    const float inverse[2] = {1 / quadSum(softmax_.sum[0]), 1 / quadSum(softmax_.sum[1])};
    rescale(output_, inverse);
  }

  // Every candidate's output as the walk closes it, and at its end full attention's.
  __device__ void measureTile(const TileInfo& info) {
    for (int stage = 0; stage <= args_.candidates; ++stage) {
      const int tiles = info.keyTiles[stage];
      if (tiles > 0) {
        startScores();
        attendStage(tiles, info.lastKeys[stage], stage > 0);
        wgmmaWait<0>();
        finishValues();
      }
      if (stage == args_.candidates) break;
      const float inverse[2] = {1 / quadSum(softmax_.sum[0]), 1 / quadSum(softmax_.sum[1])};
      keepSnapshot<dim>(snapshotOf<dim>(measure_, stage), output_, inverse);
    }
    normalise();
  }

  // Begins with the first scores under way and ends with the last product of probabilities and values under way.
  // `continues`: the softmax goes on from an earlier stage of the same tile.
  __device__ void attendStage(int tiles, int lastKeys, bool continues) {
    float correction[2];
    if (!continues) softmax_.reset();
    int accumulate = continues;

    wgmmaWait<0>();
    pinRegisters(scores_);
    release(shared_.keyEmpty, keySlot_);
    if (tiles == 1 && lastKeys < kTileKeys) maskKeys(scores_, lastKeys);
    onlineSoftmax(scores_, softmax_, args_.scaleLog2, correction);
    if (measuring && continues) rescale(output_, correction);
    packProbabilities<T>(scores_, probabilities_);
    if constexpr (!measuring) freeStoredOutput();

    for (int n = 1; n < tiles; ++n) {
      mbarrierWait(&shared_.keyFull[keySlot_.slot], keySlot_.parity);
      namedBarrierSync(kTurn + group_, kConsumers * kWarpgroup);
      startScores();
      startValues(accumulate);
      accumulate = 1;
      namedBarrierArrive(kTurn + 1 - group_, kConsumers * kWarpgroup);
      wgmmaWait<1>();
      pinRegisters(scores_);
      release(shared_.keyEmpty, keySlot_);
      if (n == tiles - 1 && lastKeys < kTileKeys) maskKeys(scores_, lastKeys);
      const bool grew = onlineSoftmax(scores_, softmax_, args_.scaleLog2, correction);
      wgmmaWait<0>();
      finishValues();
      packProbabilities<T>(scores_, probabilities_);
      if (grew) rescale(output_, correction);
    }
    startValues(accumulate);
  }

  template <int length>
  __device__ void release(uint64_t (&barriers)[length], RingPosition<length>& position) {
    if (isLeader()) mbarrierArrive(&barriers[position.slot]);
    position.advance();
  }

  // Adds the output to what the addend holds in its place, or takes it from that.
  __device__ void combine(const HeadsView& addend, const TileInfo& info) {
    const int row = info.row + 16 * ((threadIdx.x - kWarpgroup) / 32) + threadIdx.x % 32 / 4;
    const float sign = args_.addends.sign;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      if (row + 8 * r >= args_.tokens) continue;
      const T* values = rowOf<T>(addend, info, row + 8 * r, dim);
#pragma unroll
      for (int i = 0; i < dim / 8; ++i) {
        const float2 value = unpack<T>(*reinterpret_cast<const uint32_t*>(values + 8 * i));
        output_[4 * i + 2 * r] = fmaf(sign, output_[4 * i + 2 * r], value.x);
        output_[4 * i + 2 * r + 1] = fmaf(sign, output_[4 * i + 2 * r + 1], value.y);
      }
    }
  }

  // The output goes where this warpgroup's queries were, and from there to memory while the next tile is computed.
  __device__ void storeOutput(const CUtensorMap& map, const TileInfo& info, int slot) {
    uint8_t* tile = shared_.query[slot] + group_ * kWarpgroupRows * kSlabRowBytes;
    uint8_t* warpRows = tile + threadIdx.x % kWarpgroup / 32 * 16 * kSlabRowBytes;
#pragma unroll
    for (int slab = 0; slab < Traits::kSlabs; ++slab)
      storeWarpRows<T>(warpRows + slab * Traits::kSlabBytes, &output_[slab * (kSlabColumns / 2)]);
    asyncProxyFence();
    groupSync();
    if (isLeader()) {
      const int token = info.row + group_ * kWarpgroupRows;
#pragma unroll
      for (int slab = 0; slab < Traits::kSlabs; ++slab) {
        storeBox(map, tile + slab * Traits::kSlabBytes, slab * kSlabColumns, token, info.head, info.batch);
        if (info.copyTo >= 0)
          storeBox(map, tile + slab * Traits::kSlabBytes, slab * kSlabColumns, token, info.head, info.copyTo);
      }
      storeCommit();
    }
    storedSlot_ = slot;
  }

  // Late, when the store has long read its shared memory, so that nobody waits for it.
  __device__ void freeStoredOutput() {
    if (storedSlot_ >= 0) {
      if (isLeader()) storeWaitRead();
      mbarrierArrive(&shared_.queryEmpty[storedSlot_]);
    }
    storedSlot_ = -1;
  }

  HopperShared<dim>& shared_;
  const HopperArguments& args_;
  const MeasureArguments& measure_;
  const int group_;
  RingPosition<2> querySlot_;
  RingPosition<Traits::kRing> keySlot_, valueSlot_;
  Softmax softmax_;
  float scores_[kScores];
  uint32_t probabilities_[kScores / 2];
  float output_[dim / 2];
  int storedSlot_ = -1;
};

template <class T, int dim, bool measuring>
__global__ void __launch_bounds__(kHopperThreads, 1)
    hopperAttention(const __grid_constant__ CUtensorMap queryMap, const __grid_constant__ CUtensorMap keyMap,
                    const __grid_constant__ CUtensorMap valueMap, const __grid_constant__ CUtensorMap outMap,
                    const __grid_constant__ HopperArguments args, const __grid_constant__ MeasureArguments measure) {
  using Traits = HopperTraits<dim>;
  extern __shared__ uint8_t memory[];
  auto& shared = *reinterpret_cast<HopperShared<dim>*>((reinterpret_cast<uintptr_t>(memory) + 1023) & ~uintptr_t{1023});

  if (threadIdx.x == 0) {
    prefetchTensorMap(queryMap);
    prefetchTensorMap(keyMap);
    prefetchTensorMap(valueMap);
    if constexpr (!measuring) prefetchTensorMap(outMap);
    for (int i = 0; i < 2; ++i) {
      mbarrierInit(&shared.infoFull[i], 1);
      mbarrierInit(&shared.queryFull[i], 1);
      // Everybody reads what a tile is, and everybody says when that is over.
      mbarrierInit(&shared.queryEmpty[i], kConsumers * kWarpgroup);
    }
    for (int i = 0; i < Traits::kRing; ++i) {
      mbarrierInit(&shared.keyFull[i], 1);
      mbarrierInit(&shared.keyEmpty[i], kConsumers);
      mbarrierInit(&shared.valueFull[i], 1);
      mbarrierInit(&shared.valueEmpty[i], kConsumers);
    }
    mbarrierInitFence();
  }
  __syncthreads();

  if (threadIdx.x < kWarpgroup) {
    shrinkRegisters<kProducerRegisters>();
    if (threadIdx.x == 0) loadTiles<dim, measuring>(shared, args, {queryMap, keyMap, valueMap});
    if (threadIdx.x == 32) takeTiles<dim, measuring>(shared, args);
  } else {
    growRegisters<kConsumerRegisters>();
    HopperConsumer<T, dim, measuring>(shared, args, measure).run(outMap);
  }
}

}  // namespace arrowhead::cuda
