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

template <class T>
void append(std::string& key, const T* values, int64_t count) {
  key += values ? '+' : '-';
  if (values) key.append(reinterpret_cast<const char*>(values), static_cast<size_t>(count) * sizeof(T));
}

// What a plan depends on.
std::string keyOf(const char* kind, const AttentionShape& shape, const int32_t* windows, int64_t count) {
  std::string key = kind;
  for (const int64_t part : {int64_t{shape.batch}, int64_t{shape.heads}, int64_t{shape.dim}, shape.layout.text,
                             shape.layout.image, int64_t{shape.layout.textFirst}})
    key += std::to_string(part) + ' ';
  append(key, windows, count);
  return key;
}

std::string keyOf(const AttentionShape& shape, const HeadPlan& heads) {
  std::string key = keyOf("heads ", shape, heads.halfWindows, shape.heads);
  append(key, heads.sharesGuidance, shape.heads);
  append(key, heads.addendOf, shape.heads);
  return key;
}

Napi::Array listOf(const Napi::Object& args, const char* name, uint32_t most) {
  if (!args.Get(name).IsArray()) refuse(args.Env(), name, "expected an array");
  const auto list = args.Get(name).As<Napi::Array>();
  if (list.Length() > most) refuse(args.Env(), name, "too many for one call");
  return list;
}

// One per head; every index is that of an addend, and sharing heads have a batch of two halves.
HeadPlan headPlanOf(const Napi::Object& args, const AttentionShape& shape, uint32_t addends) {
  const Napi::Env env = args.Env();
  const HeadPlan heads = {binding::elements<int32_t>(args, "halfWindows", shape.heads),
                          binding::optionalElements<uint8_t>(args, "sharesGuidance", shape.heads),
                          binding::optionalElements<int32_t>(args, "addendOf", shape.heads)};
  for (int32_t h = 0; h < shape.heads; ++h) {
    if (heads.halfWindows[h] < kCachedHead) refuse(env, "halfWindows", "expected -2, -1 or a half-window");
    if (heads.sharesGuidance && heads.sharesGuidance[h] && shape.batch % 2 != 0)
      refuse(env, "sharesGuidance", "expected an even batch");
    if (heads.addendOf && (heads.addendOf[h] < -1 || heads.addendOf[h] >= static_cast<int64_t>(addends)))
      refuse(env, "addendOf", "expected -1 or the index of an addend");
  }
  return heads;
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

// {q, k, v, out, batch, heads, dim, text, image, textFirst, scale, dtype, halfWindows: per head, sharesGuidance?: per head,
// addends: views as out, addendOf?: per head, subtract}
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
  const Napi::Array addends = listOf(args, "addends", kMaxAddends);
  for (uint32_t i = 0; i < addends.Length(); ++i)
    call.addends.view[i] = headsOf(addends, std::to_string(i).c_str(), call.shape);
  call.addends.sign = args.Get("subtract").ToBoolean().Value() ? -1.f : 1.f;
  const HeadPlan heads = headPlanOf(args, call.shape, addends.Length());
  call.tiles = planFor(env, keyOf(call.shape, heads),
                       [&] { return planHeadwise(call.shape, heads, attentionBlock(call.shape.dim)); });
  call.scheduler = {counters_};
  require(env, cuda::headwiseAttention(call, stream_), "headwiseAttention");
}

// {q, k, v, …shape, halfWindows: candidates, ascending, residuals: a view or null per candidate, references: views}
// → Promise<ArrayBuffer> of float64 [heads][values] as MeasureAttentionCall's sums.
Napi::Value CudaContext::measureAttention(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  MeasureAttentionCall call = {};
  call.shape = attentionShape(args);
  call.q = headsOf(args, "q", call.shape);
  call.k = headsOf(args, "k", call.shape);
  call.v = headsOf(args, "v", call.shape);
  const std::vector<int32_t> windows = candidatesOf(args);
  if (!std::is_sorted(windows.begin(), windows.end())) refuse(env, "halfWindows", "expected an ascending order");
  Compared& compared = call.compared;
  compared.candidates = static_cast<int32_t>(windows.size());
  const Napi::Array residuals = listOf(args, "residuals", kMaxCandidates);
  if (residuals.Length() != windows.size()) refuse(env, "residuals", "expected one per half-window");
  for (uint32_t i = 0; i < residuals.Length(); ++i)
    if (const std::string index = std::to_string(i); has(residuals, index.c_str()))
      compared.residuals[i] = headsOf(residuals, index.c_str(), call.shape);
  const Napi::Array references = listOf(args, "references", kMaxReferences);
  compared.references = static_cast<int32_t>(references.Length());
  for (uint32_t i = 0; i < references.Length(); ++i)
    compared.reference[i] = headsOf(references, std::to_string(i).c_str(), call.shape);
  call.tiles = planFor(env, keyOf("measure ", call.shape, windows.data(), compared.candidates), [&] {
    return planMeasure(call.shape, windows.data(), compared.candidates, attentionBlock(call.shape.dim));
  });
  call.scheduler = {counters_};
  const size_t sumsBytes = sizeof(double) * call.shape.heads * compared.values();
  const size_t scratchBytes = runsOnHopper(call.shape.dim) ? hopperMeasureScratchBytes(call.shape, compared)
                                                           : mmaMeasureScratchBytes(call.shape, compared);
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
