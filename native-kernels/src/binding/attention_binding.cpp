#include "bindings.h"

#include <memory>

#include "arguments.h"
#include "kernel_call.h"

namespace arrowhead::binding {

namespace {

constexpr int64_t kMaxTokens = int64_t{1} << 30;

AttentionShape shapeOf(const Napi::Object& args) {
  AttentionShape shape;
  shape.batch = integer(args, "batch", 1, 1 << 20);
  shape.heads = integer(args, "heads", 1, 1 << 20);
  shape.dim = integer(args, "dim", 8, 256);
  if (shape.dim % 8 != 0) refuse(args.Env(), "dim", "expected a multiple of 8");
  shape.layout.text = integer(args, "text", 0, kMaxTokens);
  shape.layout.image = integer(args, "image", 0, kMaxTokens);
  shape.layout.textFirst = args.Get("textFirst").ToBoolean().Value();
  if (shape.tokens() > kMaxTokens) refuse(args.Env(), "image", "too many tokens");
  shape.block.rows = integer(args, "blockRows", 1, kMaxTokens);
  shape.block.keys = integer(args, "blockKeys", 1, kMaxTokens);
  return shape;
}

HeadsView viewOf(const Napi::Object& args, const char* name, const AttentionShape& shape) {
  const int64_t width = shape.heads * shape.dim;
  const int64_t stride = integer(args, "tokenStride", width, int64_t{1} << 40);
  const int64_t rows = product(args.Env(), name, {shape.batch, shape.tokens()});
  const int64_t needed = rows == 0 ? 0 : product(args.Env(), name, {rows - 1, stride}) + width;
  return {elements<float>(args, name, needed), stride, shape.tokens() * stride};
}

int64_t outputCount(const Napi::Object& args, const AttentionShape& shape) {
  return product(args.Env(), "out", {shape.batch, shape.tokens(), shape.heads, shape.dim});
}

CancelFlag cancelOf(const Napi::Object& args) { return CancelFlag(elements<int32_t>(args, "cancel", 1)); }

int64_t candidatesOf(const Napi::Object& args) {
  const Napi::Value value = args.Get("halfWindows");
  if (!value.IsTypedArray()) refuse(args.Env(), "halfWindows", "expected a typed array");
  return static_cast<int64_t>(value.As<Napi::TypedArray>().ElementLength());
}

// A list of float32 arrays of `count` elements each; null among them where `nullable`.
std::vector<const float*> arraysOf(const Napi::Object& args, const char* name, int64_t count, int64_t most, bool nullable) {
  const Napi::Value value = args.Get(name);
  if (!value.IsArray()) refuse(args.Env(), name, "expected an array");
  const auto list = value.As<Napi::Array>();
  if (list.Length() > most) refuse(args.Env(), name, "too many for one call");
  std::vector<const float*> arrays;
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const std::string index = std::to_string(i);
    arrays.push_back(nullable ? optionalElements<float>(list, index.c_str(), count)
                              : elements<float>(list, index.c_str(), count));
  }
  return arrays;
}

// Heads that share the guided half, and what is added to heads.
void readExtras(const Napi::Object& args, HeadwiseAttentionArgs& call) {
  const Napi::Env env = args.Env();
  const int64_t heads = call.shape.heads;
  call.sharesGuidance = optionalElements<uint8_t>(args, "sharesGuidance", heads);
  for (int64_t h = 0; h < heads; ++h)
    if (call.shares(h) && call.shape.batch % 2 != 0) refuse(env, "sharesGuidance", "expected an even batch");
  const auto addends = arraysOf(args, "addends", outputCount(args, call.shape), kMaxAddends, false);
  std::copy(addends.begin(), addends.end(), call.addends);
  call.addendOf = optionalElements<int32_t>(args, "addendOf", heads);
  for (int64_t h = 0; call.addendOf != nullptr && h < heads; ++h)
    if (call.addendOf[h] < -1 || call.addendOf[h] >= static_cast<int64_t>(addends.size()))
      refuse(env, "addendOf", "expected -1 or the index of an addend");
  call.subtract = args.Get("subtract").ToBoolean().Value();
}

Napi::Value float64Array(Napi::Env env, const std::vector<double>& values) {
  auto array = Napi::Float64Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

}  // namespace

Napi::Value headwiseAttention(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  HeadwiseAttentionArgs call = {};
  call.shape = shapeOf(args);
  call.q = viewOf(args, "q", call.shape);
  call.k = viewOf(args, "k", call.shape);
  call.v = viewOf(args, "v", call.shape);
  call.halfWindows = elements<int32_t>(args, "halfWindows", call.shape.heads);
  call.scale = real(args, "scale");
  call.out = elements<float>(args, "out", outputCount(args, call.shape));
  call.cancel = cancelOf(args);
  readExtras(args, call);
  for (int64_t h = 0; h < call.shape.heads; ++h)
    if (call.halfWindows[h] < kCachedHead) refuse(info.Env(), "halfWindows", "expected -2, -1 or a half-window");
  return KernelCall::start(args, [call] { return kernels().headwiseAttention(call); });
}

Napi::Value measureAttention(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  MeasureAttentionArgs call;
  call.shape = shapeOf(args);
  call.q = viewOf(args, "q", call.shape);
  call.k = viewOf(args, "k", call.shape);
  call.v = viewOf(args, "v", call.shape);
  call.candidates = candidatesOf(args);
  call.halfWindows = elements<int32_t>(args, "halfWindows", call.candidates);
  call.scale = real(args, "scale");
  const int64_t count = outputCount(args, call.shape);
  call.residuals = arraysOf(args, "residuals", count, call.candidates, true);
  if (static_cast<int64_t>(call.residuals.size()) != call.candidates)
    refuse(info.Env(), "residuals", "expected one per half-window");
  call.references = arraysOf(args, "references", count, kMaxAddends, false);
  call.cancel = cancelOf(args);
  for (int64_t n = 0; n < call.candidates; ++n)
    if (call.halfWindows[n] < 0) refuse(info.Env(), "halfWindows", "expected half-windows of at least 0");
  const auto sums = std::make_shared<AttentionErrorSums>();
  return KernelCall::start(
      args, [call, sums] { return kernels().measureAttention(call, *sums); },
      [sums](Napi::Env env) -> Napi::Value {
        auto result = Napi::Object::New(env);
        result.Set("sum", float64Array(env, sums->sum));
        result.Set("sumOfSquares", float64Array(env, sums->sumOfSquares));
        result.Set("squaredErrors", float64Array(env, sums->squaredErrors));
        return result;
      });
}

Napi::Value attentionMap(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  AttentionMapArgs call;
  call.shape = shapeOf(args);
  call.q = viewOf(args, "q", call.shape);
  call.k = viewOf(args, "k", call.shape);
  call.batchIndex = integer(args, "batchIndex", 0, call.shape.batch - 1);
  call.head = integer(args, "head", 0, call.shape.heads - 1);
  call.cell = integer(args, "cell", 1, kMaxTokens);
  call.candidates = candidatesOf(args);
  call.halfWindows = elements<int32_t>(args, "halfWindows", call.candidates);
  for (int64_t n = 0; n < call.candidates; ++n)
    if (call.halfWindows[n] < 0) refuse(info.Env(), "halfWindows", "expected half-windows of at least 0");
  call.scale = real(args, "scale");
  const int64_t size = (call.shape.tokens() + call.cell - 1) / call.cell;
  call.values = elements<float>(args, "values", product(info.Env(), "values", {size, size}));
  call.cancel = cancelOf(args);
  const auto kept = std::make_shared<std::vector<double>>(static_cast<size_t>(call.candidates));
  call.keptMass = kept->data();
  return KernelCall::start(
      args, [call, kept] { return kernels().attentionMap(call); },
      [kept](Napi::Env env) { return float64Array(env, *kept); });
}

Napi::Value headwiseRse(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  const int64_t batch = integer(args, "batch", 1, 1 << 20);
  const int64_t tokens = integer(args, "tokens", 1, kMaxTokens);
  const int64_t heads = integer(args, "heads", 1, 1 << 20);
  const int64_t dim = integer(args, "dim", 1, 1 << 20);
  const int64_t count = product(info.Env(), "y", {batch, tokens, heads, dim});
  const float* y = elements<float>(args, "y", count);
  const float* yFull = elements<float>(args, "yFull", count);
  const auto rse = std::make_shared<std::vector<double>>(static_cast<size_t>(heads));
  return KernelCall::start(
      args,
      [=] {
        kernels().headwiseRse(y, yFull, batch, tokens, heads, dim, rse->data());
        return true;
      },
      [rse](Napi::Env env) { return float64Array(env, *rse); });
}

// Int32Array [rowBlocks][4]: begin, end of the first key range, begin, end of the second (empty where there is one).
Napi::Value keptKeyRanges(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  const TokenLayout layout = {integer(args, "text", 0, kMaxTokens), integer(args, "image", 0, kMaxTokens),
                              args.Get("textFirst").ToBoolean().Value()};
  if (layout.tokens() > kMaxTokens) refuse(info.Env(), "image", "too many tokens");
  const BlockSize block = {integer(args, "blockRows", 1, kMaxTokens), integer(args, "blockKeys", 1, kMaxTokens)};
  const int64_t window = integer(args, "halfWindow", 0, kMaxTokens);
  const int64_t rowBlocks = (layout.tokens() + block.rows - 1) / block.rows;
  auto ranges = Napi::Int32Array::New(info.Env(), static_cast<size_t>(rowBlocks * 4));
  for (int64_t m = 0; m < rowBlocks; ++m) {
    const KeyRanges kept = keptKeys(layout, window, block, m);
    for (int i = 0; i < 2; ++i) {
      const KeyRange range = i < kept.count ? kept.range[i] : KeyRange{0, 0};
      ranges[static_cast<size_t>(m * 4 + i * 2)] = static_cast<int32_t>(range.begin);
      ranges[static_cast<size_t>(m * 4 + i * 2 + 1)] = static_cast<int32_t>(range.end);
    }
  }
  return ranges;
}

}  // namespace arrowhead::binding
