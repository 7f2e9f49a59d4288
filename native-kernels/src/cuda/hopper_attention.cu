#include "hopper_attention.cuh"

#include "card.h"
#include "sum_partials.h"
#include "tensor_map.h"

namespace arrowhead::cuda {

namespace {

int32_t rowBlocksOf(const AttentionShape& shape) {
  return static_cast<int32_t>((shape.layout.tokens() + kTileRows - 1) / kTileRows);
}

HopperArguments argumentsOf(const AttentionShape& shape, const TileList& tiles, Scheduler scheduler) {
  HopperArguments args = {};
  args.tiles = tiles;
  args.tokens = static_cast<int32_t>(shape.layout.tokens());
  args.heads = shape.heads;
  args.rowBlocks = rowBlocksOf(shape);
  args.scaleLog2 = shape.scale * kLog2E;
  args.counters = scheduler.counters;
  return args;
}

int gridFor(int32_t tileCount) { return tileCount < currentCard().multiprocessors ? tileCount : currentCard().multiprocessors; }

template <class T, int dim, bool measuring>
cudaError_t launch(const AttentionShape& shape, const HeadsView& q, const HeadsView& k, const HeadsView& v,
                   const HeadsView& out, const HopperArguments& args, const MeasureArguments& measure,
                   cudaStream_t stream) {
  CUtensorMap maps[4];
  const HeadsView* views[4] = {&q, &k, &v, &out};
  for (int i = 0; i < (measuring ? 3 : 4); ++i)
    if (const cudaError_t error = makeTensorMap(maps[i], *views[i], shape, !args.tiles.dense)) return error;
  if (measuring) maps[3] = maps[0];
  // Room to move the start to a multiple of 1,024.
  constexpr int kBytes = sizeof(HopperShared<dim>) + 1024;
  auto* kernel = hopperAttention<T, dim, measuring>;
  if (const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes))
    return error;
  kernel<<<gridFor(args.tiles.count), kHopperThreads, kBytes, stream>>>(maps[0], maps[1], maps[2], maps[3], args, measure);
  return cudaGetLastError();
}

template <bool measuring>
cudaError_t dispatch(const AttentionShape& shape, const HeadsView& q, const HeadsView& k, const HeadsView& v,
                     const HeadsView& out, const HopperArguments& args, const MeasureArguments& measure,
                     cudaStream_t stream) {
  const auto with = [&]<class T>() {
    return shape.dim == 128 ? launch<T, 128, measuring>(shape, q, k, v, out, args, measure, stream)
                            : launch<T, 64, measuring>(shape, q, k, v, out, args, measure, stream);
  };
  return shape.dtype == Dtype::bf16 ? with.template operator()<__nv_bfloat16>() : with.template operator()<__half>();
}

size_t snapshotBytes(const AttentionShape& shape, int32_t candidates) {
  return static_cast<size_t>(currentCard().multiprocessors) * candidates * kTileRows * shape.dim * sizeof(float);
}

}  // namespace

size_t hopperMeasureScratchBytes(const AttentionShape& shape, const Compared& compared) {
  const size_t slots = static_cast<size_t>(shape.batch) * shape.heads * rowBlocksOf(shape);
  return snapshotBytes(shape, compared.candidates) + slots * kConsumers * 4 * compared.values() * sizeof(double);
}

cudaError_t headwiseAttentionHopper(const HeadwiseAttentionCall& call, cudaStream_t stream) {
  if (call.tiles.count == 0) return cudaSuccess;
  HopperArguments args = argumentsOf(call.shape, call.tiles, call.scheduler);
  args.addends = call.addends;
  return dispatch<false>(call.shape, call.q, call.k, call.v, call.out, args, {}, stream);
}

cudaError_t measureAttentionHopper(const MeasureAttentionCall& call, cudaStream_t stream) {
  HopperArguments args = argumentsOf(call.shape, call.tiles, call.scheduler);
  const Compared& compared = call.compared;
  args.candidates = compared.candidates;
  MeasureArguments measure = {};
  measure.snapshots = static_cast<float4*>(call.scratch);
  measure.partials =
      reinterpret_cast<double*>(static_cast<uint8_t*>(call.scratch) + snapshotBytes(call.shape, compared.candidates));
  measure.compared = compared;
  if (const cudaError_t error = dispatch<true>(call.shape, call.q, call.k, call.v, {}, args, measure, stream))
    return error;
  return sumPartials(measure.partials, call.shape.heads, call.shape.batch, kConsumers * 4, args.rowBlocks,
                     compared.values(), call.sums, stream);
}

}  // namespace arrowhead::cuda
