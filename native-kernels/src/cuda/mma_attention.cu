#include "mma_attention.cuh"

#include "card.h"
#include "sum_partials.h"

namespace arrowhead::cuda {

namespace mma {

namespace {

constexpr int kChunk = 8;  // elements in 16 bytes
// Probabilities stay below 2^8 of the maximum kept: far from the largest f16.
constexpr float kHeadroomLog2 = 8;

int32_t rowBlocksOf(const AttentionShape& shape) {
  return static_cast<int32_t>((shape.layout.tokens() + kTileRows - 1) / kTileRows);
}

Arguments argumentsOf(const AttentionShape& shape, const TileList& tiles, Scheduler scheduler) {
  Arguments args = {};
  args.tiles = tiles;
  args.tokens = static_cast<int32_t>(shape.layout.tokens());
  args.heads = shape.heads;
  args.dim = shape.dim;
  args.rowBlocks = rowBlocksOf(shape);
  args.scaleLog2 = shape.scale * kLog2E;
  args.headroom = kHeadroomLog2 / args.scaleLog2;
  args.counters = scheduler.counters;
  return args;
}

Source sourceOf(const HeadsView& view) {
  return {static_cast<const uint4*>(view.data), static_cast<uint32_t>(view.tokenStride / kChunk),
          static_cast<uint32_t>(view.batchStride / kChunk)};
}

// Calls `with.template operator()<padded dim>()`.
template <class With>
auto withDim(int32_t dim, With with) {
  if (dim <= 32) return with.template operator()<32>();
  if (dim <= 64) return with.template operator()<64>();
  if (dim <= 96) return with.template operator()<96>();
  if (dim <= 128) return with.template operator()<128>();
  if (dim <= 192) return with.template operator()<192>();
  return with.template operator()<256>();
}

template <class T, int dim, bool measuring>
cudaError_t launch(const Arguments& args, const MeasureArguments& measure, cudaStream_t stream) {
  using Traits = mma::Traits<dim>;
  auto* kernel = attention<T, dim, measuring>;
  if (const cudaError_t error =
          cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, Traits::kSharedBytes))
    return error;
  int blocks = 0;
  if (const cudaError_t error =
          cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, Traits::kThreads, Traits::kSharedBytes))
    return error;
  if (blocks > Traits::kBlocksPerMultiprocessor) blocks = Traits::kBlocksPerMultiprocessor;
  const int resident = blocks * currentCard().multiprocessors;
  const int grid = args.tiles.count < resident ? args.tiles.count : resident;
  kernel<<<grid, Traits::kThreads, Traits::kSharedBytes, stream>>>(args, measure);
  return cudaGetLastError();
}

template <bool measuring>
cudaError_t dispatch(const AttentionShape& shape, const Arguments& args, const MeasureArguments& measure,
                     cudaStream_t stream) {
  const bool isBf16 = shape.dtype == Dtype::bf16;
  if (shape.dim <= 0 || shape.dim > 256 || shape.dim % 8 != 0 || (!isBf16 && shape.dtype != Dtype::f16))
    return cudaErrorInvalidValue;
  if (args.tiles.count == 0) return cudaSuccess;
  return withDim(shape.dim, [&]<int dim>() {
    return isBf16 ? launch<__nv_bfloat16, dim, measuring>(args, measure, stream)
                  : launch<__half, dim, measuring>(args, measure, stream);
  });
}

size_t snapshotBytes(const AttentionShape& shape, int32_t candidates) {
  return withDim(shape.dim, [&]<int dim>() {
    const size_t blocks = static_cast<size_t>(Traits<dim>::kBlocksPerMultiprocessor) * currentCard().multiprocessors;
    return blocks * candidates * kTileRows * dim * sizeof(float);
  });
}

int32_t warpsAt(int32_t dim) {
  return withDim(dim, [&]<int padded>() { return Traits<padded>::kWarps; });
}

}  // namespace

}  // namespace mma

size_t mmaMeasureScratchBytes(const AttentionShape& shape, const Compared& compared) {
  const size_t slots = static_cast<size_t>(shape.batch) * shape.heads * mma::rowBlocksOf(shape);
  const size_t partials = slots * mma::warpsAt(shape.dim) * compared.values() * sizeof(double);
  return mma::snapshotBytes(shape, compared.candidates) + partials;
}

cudaError_t headwiseAttentionMma(const HeadwiseAttentionCall& call, cudaStream_t stream) {
  mma::Arguments args = mma::argumentsOf(call.shape, call.tiles, call.scheduler);
  args.q = mma::sourceOf(call.q);
  args.k = mma::sourceOf(call.k);
  args.v = mma::sourceOf(call.v);
  args.out = call.out;
  args.addends = call.addends;
  return mma::dispatch<false>(call.shape, args, {}, stream);
}

cudaError_t measureAttentionMma(const MeasureAttentionCall& call, cudaStream_t stream) {
  const int32_t candidates = call.compared.candidates;
  if (candidates < 0 || candidates > kMaxCandidates) return cudaErrorInvalidValue;
  mma::Arguments args = mma::argumentsOf(call.shape, call.tiles, call.scheduler);
  args.q = mma::sourceOf(call.q);
  args.k = mma::sourceOf(call.k);
  args.v = mma::sourceOf(call.v);
  mma::MeasureArguments measure = {};
  measure.compared = call.compared;
  measure.snapshots = static_cast<float4*>(call.scratch);
  measure.partials =
      reinterpret_cast<double*>(static_cast<uint8_t*>(call.scratch) + mma::snapshotBytes(call.shape, candidates));
  if (const cudaError_t error = mma::dispatch<true>(call.shape, args, measure, stream)) return error;
  const int values = call.compared.values();
  const int warps = mma::warpsAt(call.shape.dim);
  return sumPartials(measure.partials, call.shape.heads, call.shape.batch, warps, args.rowBlocks, values, call.sums, stream);
}

}  // namespace arrowhead::cuda
