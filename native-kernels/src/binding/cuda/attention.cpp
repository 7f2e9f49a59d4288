// Attention's three calls.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "../arguments.h"
#include "context.h"

namespace arrowhead::cuda {

using binding::integer;
using binding::refuse;

namespace {

constexpr int64_t kMaxTokens = int64_t{1} << 24;

// What a plan depends on.
std::string keyOf(const char* kind, const AttentionShape& shape, const int32_t* windows, int64_t count) {
  std::string key = kind;
  for (const int64_t part : {int64_t{shape.batch}, int64_t{shape.heads}, int64_t{shape.dim}, shape.layout.text,
                             shape.layout.image, int64_t{shape.layout.textFirst}})
    key += std::to_string(part) + ' ';
  key.append(reinterpret_cast<const char*>(windows), static_cast<size_t>(count) * sizeof(int32_t));
  return key;
}

int64_t lengthOf(const Napi::Object& args, const char* name) {
  if (!args.Get(name).IsTypedArray()) refuse(args.Env(), name, "expected a typed array");
  return static_cast<int64_t>(args.Get(name).As<Napi::TypedArray>().ElementLength());
}

std::vector<int32_t> candidatesOf(const Napi::Object& args) {
  const int64_t count = lengthOf(args, "halfWindows");
  if (count > kMaxCandidates) refuse(args.Env(), "halfWindows", "too many candidates for one call");
  const int32_t* windows = binding::elements<int32_t>(args, "halfWindows", count);
  for (int64_t i = 0; i < count; ++i)
    if (windows[i] < 0) refuse(args.Env(), "halfWindows", "expected half-windows of at least 0");
  return {windows, windows + count};
}

}  // namespace

AttentionShape CudaContext::attentionShape(const Napi::Object& args) {
  AttentionShape shape = {};
  shape.batch = static_cast<int32_t>(integer(args, "batch", 1, 1 << 16));
  shape.heads = static_cast<int32_t>(integer(args, "heads", 1, 1 << 16));
  shape.dim = static_cast<int32_t>(integer(args, "dim", 8, 256));
  if (shape.dim % 8 != 0) refuse(args.Env(), "dim", "expected a multiple of 8");
  shape.dtype = static_cast<Dtype>(integer(args, "dtype", 1, 2));
  shape.layout = {integer(args, "text", 0, kMaxTokens), integer(args, "image", 0, kMaxTokens),
                  args.Get("textFirst").ToBoolean().Value()};
  if (shape.layout.tokens() < 1 || shape.layout.tokens() > kMaxTokens) refuse(args.Env(), "image", "too few or too many tokens");
  shape.scale = binding::real(args, "scale");
  // The online maximum is taken before scaling.
  if (!(shape.scale > 0) || !std::isfinite(shape.scale)) refuse(args.Env(), "scale", "expected a positive number");
  return shape;
}

// [batch, tokens, heads, dim]: tokens `tokenStride` elements apart, batches one after another.
HeadsView CudaContext::headsOf(const Napi::Object& args, const char* name, const AttentionShape& shape) {
  const int64_t width = int64_t{shape.heads} * shape.dim, tokens = shape.layout.tokens();
  const Napi::Value value = args.Get(name);
  if (!value.IsObject()) refuse(args.Env(), name, "expected {memory, offset, tokenStride}");
  const int64_t stride = integer(value.As<Napi::Object>(), "tokenStride", width, int64_t{1} << 40);
  if (stride % 8 != 0) refuse(args.Env(), name, "tokenStride: expected a multiple of 8");
  const int64_t count = binding::product(args.Env(), name, {shape.batch * tokens - 1, stride}) + width;
  void* data = bytesOf(args, name, count * 2);
  if (reinterpret_cast<uintptr_t>(data) % 16 != 0) refuse(args.Env(), name, "expected 16-byte alignment");
  return {data, stride, stride * tokens};
}

// {q, k, v, out, batch, heads, dim, text, image, textFirst, scale, dtype, halfWindows: per head}
void CudaContext::headwiseAttention(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  HeadwiseAttentionCall call = {};
  call.shape = attentionShape(args);
  call.q = headsOf(args, "q", call.shape);
  call.k = headsOf(args, "k", call.shape);
  call.v = headsOf(args, "v", call.shape);
  call.out = headsOf(args, "out", call.shape);
  const int32_t* windows = binding::elements<int32_t>(args, "halfWindows", call.shape.heads);
  for (int32_t h = 0; h < call.shape.heads; ++h)
    if (windows[h] < kCachedHead) refuse(env, "halfWindows", "expected -2, -1 or a half-window");
  call.tiles = planFor(env, keyOf("heads ", call.shape, windows, call.shape.heads),
                       [&] { return planHeadwise(call.shape, windows, attentionBlock(call.shape.dim)); });
  call.scheduler = {counters_};
  require(env, cuda::headwiseAttention(call, stream_), "headwiseAttention");
}

// {q, k, v, previous?, …shape, halfWindows: candidates, ascending} → Promise<ArrayBuffer> of float64 [heads][candidates + 3]:
// sum, sum of squares, squared error of `previous` and of each candidate.
Napi::Value CudaContext::measureAttention(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  MeasureAttentionCall call = {};
  call.shape = attentionShape(args);
  call.q = headsOf(args, "q", call.shape);
  call.k = headsOf(args, "k", call.shape);
  call.v = headsOf(args, "v", call.shape);
  if (has(args, "previous")) call.previous = headsOf(args, "previous", call.shape);
  const std::vector<int32_t> windows = candidatesOf(args);
  if (!std::is_sorted(windows.begin(), windows.end())) refuse(env, "halfWindows", "expected an ascending order");
  call.candidates = static_cast<int32_t>(windows.size());
  call.tiles = planFor(env, keyOf("measure ", call.shape, windows.data(), call.candidates), [&] {
    return planMeasure(call.shape, windows.data(), call.candidates, attentionBlock(call.shape.dim));
  });
  call.scheduler = {counters_};
  const size_t sumsBytes = sizeof(double) * call.shape.heads * (call.candidates + 3);
  const size_t scratchBytes = runsOnHopper(call.shape.dim) ? hopperMeasureScratchBytes(call.shape, call.candidates)
                                                           : mmaMeasureScratchBytes(call.shape, call.candidates);
  auto* memory = static_cast<uint8_t*>(allocateBytes(env, (sumsBytes + 255) / 256 * 256 + scratchBytes, "measuring"));
  call.sums = reinterpret_cast<double*>(memory);
  call.scratch = memory + (sumsBytes + 255) / 256 * 256;
  const cudaError_t error = cuda::measureAttention(call, stream_);
  if (error != cudaSuccess) freeBytes(memory);
  require(env, error, "measureAttention");
  const Napi::Promise sums = downloadBytes(env, call.sums, sumsBytes);
  freeBytes(memory);
  return sums;
}

// {q, k, …shape, batchIndex, head, cell, halfWindows: candidates} → Promise<ArrayBuffer>: float64 [candidates] of kept mass,
// then float32 [size, size]
Napi::Value CudaContext::attentionMap(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  AttentionMapCall call = {};
  call.shape = attentionShape(args);
  call.q = headsOf(args, "q", call.shape);
  call.k = headsOf(args, "k", call.shape);
  call.batchIndex = static_cast<int32_t>(integer(args, "batchIndex", 0, call.shape.batch - 1));
  call.head = static_cast<int32_t>(integer(args, "head", 0, call.shape.heads - 1));
  call.cell = static_cast<int32_t>(integer(args, "cell", 1, kMaxTokens));
  call.block = attentionBlock(call.shape.dim);
  const std::vector<int32_t> windows = candidatesOf(args);
  call.candidates = static_cast<int32_t>(windows.size());
  std::copy(windows.begin(), windows.end(), call.halfWindows);
  const int64_t tokens = call.shape.layout.tokens(), size = (tokens + call.cell - 1) / call.cell;
  if (size > 4096) refuse(env, "cell", "too small: the map would have more than 4096 rows");
  const size_t massBytes = sizeof(double) * kMaxCandidates, valueBytes = sizeof(float) * static_cast<size_t>(size * size);
  const size_t resultBytes = massBytes + valueBytes, aligned = (resultBytes + 255) / 256 * 256;
  auto* memory = static_cast<uint8_t*>(
      allocateBytes(env, aligned + attentionMapScratchBytes(tokens, call.cell, call.candidates), "mapping attention"));
  call.keptMass = reinterpret_cast<double*>(memory);
  call.values = reinterpret_cast<float*>(memory + massBytes);
  call.scratch = reinterpret_cast<float*>(memory + aligned);
  const cudaError_t error = cuda::attentionMap(call, stream_);
  if (error != cudaSuccess) freeBytes(memory);
  require(env, error, "attentionMap");
  const Napi::Promise result = downloadBytes(env, memory, resultBytes);
  freeBytes(memory);
  return result;
}

}  // namespace arrowhead::cuda
