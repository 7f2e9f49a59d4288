// The CUDA kernels behind a C interface, for tests and benchmarks that compare them with PyTorch in one process.
#include <cuda_runtime.h>

#include <memory>
#include <vector>

#include "cuda/kernels.h"

using namespace arrowhead;
using namespace arrowhead::cuda;

namespace {

struct Plan {
  AttentionShape shape;
  std::vector<int32_t> windows;
  bool measuring;
  Addends addends = {};
  Compared compared = {};
  TilePlan host;
  Tile* tiles = nullptr;
  KeyWalk* walks = nullptr;
  int32_t* counters = nullptr;
  void* scratch = nullptr;
  double* sums = nullptr;

  TileList list() const { return {tiles, walks, static_cast<int32_t>(host.tiles.size()), host.dense}; }
  ~Plan() {
    for (void* memory : {static_cast<void*>(tiles), static_cast<void*>(walks), static_cast<void*>(counters), scratch,
                         static_cast<void*>(sums)})
      cudaFree(memory);
  }
};

template <class T>
bool upload(T*& to, const std::vector<T>& from) {
  const size_t bytes = from.size() * sizeof(T);
  return cudaMalloc(&to, bytes + 1) == cudaSuccess &&
         cudaMemcpy(to, from.data(), bytes, cudaMemcpyHostToDevice) == cudaSuccess;
}

}  // namespace

extern "C" {

// Measuring plans take candidates, others one half-window per head, with `shares` and `addendOf` per head or null. Null
// where the card has no memory for it.
Plan* plan_create(int batch, int heads, int dim, int dtype, int64_t text, int64_t image, int textFirst, float scale,
                  const int32_t* windows, int count, const uint8_t* shares, const int32_t* addendOf, int measuring) {
  auto plan = std::make_unique<Plan>();
  plan->shape = {batch, heads, dim, static_cast<Dtype>(dtype), {text, image, textFirst != 0}, scale};
  plan->windows.assign(windows, windows + count);
  plan->measuring = measuring != 0;
  const BlockSize block = attentionBlock(dim);
  plan->host = measuring ? planMeasure(plan->shape, windows, count, block)
                         : planHeadwise(plan->shape, {windows, shares, addendOf}, block);
  const int32_t zeros[2] = {0, 0};
  if (!upload(plan->tiles, plan->host.tiles) || !upload(plan->walks, plan->host.walks)) return nullptr;
  if (cudaMalloc(&plan->counters, 8) || cudaMemcpy(plan->counters, zeros, 8, cudaMemcpyHostToDevice)) return nullptr;
  if (measuring) {
    // For as many references as there may be.
    const Compared most = {count, {}, kMaxReferences, {}};
    const size_t hopper = hopperMeasureScratchBytes(plan->shape, most), mma = mmaMeasureScratchBytes(plan->shape, most);
    if (cudaMalloc(&plan->scratch, hopper > mma ? hopper : mma)) return nullptr;
    if (cudaMalloc(&plan->sums, sizeof(double) * heads * most.values())) return nullptr;
    plan->compared.candidates = count;
  }
  return plan.release();
}

void plan_destroy(Plan* plan) { delete plan; }

void plan_addend(Plan* plan, int index, void* data, int64_t tokenStride, int64_t batchStride, int subtract) {
  plan->addends.view[index] = {data, tokenStride, batchStride};
  plan->addends.sign = subtract ? -1.f : 1.f;
}

void plan_residual(Plan* plan, int candidate, void* data, int64_t tokenStride, int64_t batchStride) {
  plan->compared.residuals[candidate] = {data, tokenStride, batchStride};
}

void plan_reference(Plan* plan, int index, void* data, int64_t tokenStride, int64_t batchStride) {
  plan->compared.reference[index] = {data, tokenStride, batchStride};
  plan->compared.references = index + 1;
}

// 64-key blocks that all tiles visit together.
int64_t plan_blocks(const Plan* plan) {
  int64_t sum = 0;
  for (const Tile& tile : plan->host.tiles) sum += plan->host.walks[tile.walk].totalBlocks;
  return sum;
}

int headwise(const Plan* plan, void* q, void* k, void* v, int64_t tokenStride, int64_t batchStride, void* out,
             int64_t outTokenStride, int64_t outBatchStride, int useMma, cudaStream_t stream) {
  HeadwiseAttentionCall call = {};
  call.shape = plan->shape;
  call.q = {q, tokenStride, batchStride};
  call.k = {k, tokenStride, batchStride};
  call.v = {v, tokenStride, batchStride};
  call.out = {out, outTokenStride, outBatchStride};
  call.addends = plan->addends;
  call.tiles = plan->list();
  call.scheduler = {plan->counters};
  return useMma ? headwiseAttentionMma(call, stream) : headwiseAttentionHopper(call, stream);
}

// sums: host memory, [heads][compared.values()]; null to leave them on the card.
int measure(const Plan* plan, void* q, void* k, void* v, int64_t tokenStride, int64_t batchStride, int useMma,
            double* sums, cudaStream_t stream) {
  MeasureAttentionCall call = {};
  call.shape = plan->shape;
  call.q = {q, tokenStride, batchStride};
  call.k = {k, tokenStride, batchStride};
  call.v = {v, tokenStride, batchStride};
  call.compared = plan->compared;
  call.tiles = plan->list();
  call.scheduler = {plan->counters};
  call.scratch = plan->scratch;
  call.sums = plan->sums;
  if (const int error = useMma ? measureAttentionMma(call, stream) : measureAttentionHopper(call, stream)) return error;
  if (!sums) return 0;
  const size_t bytes = sizeof(double) * plan->shape.heads * call.compared.values();
  if (const int error = cudaMemcpyAsync(sums, plan->sums, bytes, cudaMemcpyDeviceToHost, stream)) return error;
  return cudaStreamSynchronize(stream);
}

int product(const ProductPart* parts, int count, int inner, int split, int columns, int dtype, int outDtype,
            int epilogue, int dim, float eps,
            cudaStream_t stream) {
  ProductCall call = {};
  for (int n = 0; n < count; ++n) call.parts[n] = parts[n];
  call.count = count;
  call.inner = inner;
  call.split = split;
  call.columns = columns;
  call.dtype = static_cast<Dtype>(dtype);
  call.outDtype = static_cast<Dtype>(outDtype);
  call.epilogue = static_cast<Epilogue>(epilogue);
  call.dim = dim;
  call.eps = eps;
  return hasFusedProduct(call) ? fusedProduct(call, stream) : cudaErrorNotSupported;
}

int bound_scales(const float* xNorms, const float* weightNorms, const void* bias, int64_t rows, int64_t columns, float* scales,
                 cudaStream_t stream) {
  return boundScales({xNorms, weightNorms, bias, rows, columns, scales}, stream);
}

const char* error_string(int error) { return cudaGetErrorString(static_cast<cudaError_t>(error)); }

}  // extern "C"
