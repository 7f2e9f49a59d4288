#include "bindings.h"

#include <memory>

#include "arguments.h"
#include "kernel_call.h"

namespace arrowhead::binding {

namespace {

constexpr int64_t kMaxCount = int64_t{1} << 40;

// `rows` rows of `width` elements, rowStride apart, starting at an element offset: how column slices are passed.
RowsView rowsOf(const Napi::Object& args, const std::string& name, int64_t rows, int64_t width) {
  const int64_t stride = integer(args, (name + "Stride").c_str(), 0, kMaxCount);
  const int64_t offset = integer(args, (name + "Offset").c_str(), 0, kMaxCount);
  if (stride < width) refuse(args.Env(), name, "row stride is less than a row");
  const int64_t needed = rows == 0 ? 0 : product(args.Env(), name.c_str(), {rows - 1, stride}) + width;
  return {elements<float>(args, name.c_str(), needed, offset), stride};
}

template <typename Run>
Napi::Value start(const Napi::Object& args, Run run) {
  return KernelCall::start(args, [run] {
    run();
    return true;
  });
}

}  // namespace

Napi::Value layerNormModulate(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  LayerNormModulateArgs call;
  call.batch = integer(args, "batch", 1, kMaxCount);
  call.tokens = integer(args, "tokens", 0, kMaxCount);
  call.channels = integer(args, "channels", 1, kMaxCount);
  const int64_t rows = product(info.Env(), "x", {call.batch, call.tokens});
  call.x = rowsOf(args, "x", rows, call.channels);
  call.shift = rowsOf(args, "shift", call.batch, call.channels);
  call.scale = rowsOf(args, "scale", call.batch, call.channels);
  call.eps = real(args, "eps");
  call.out = elements<float>(args, "out", product(info.Env(), "out", {rows, call.channels}));
  return start(args, [call] { kernels().layerNormModulate(call); });
}

Napi::Value rmsNorm(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  const int64_t rows = integer(args, "rows", 0, kMaxCount);
  const int64_t channels = integer(args, "channels", 1, kMaxCount);
  const RowsView x = rowsOf(args, "x", rows, channels);
  const float* weight = elements<float>(args, "weight", channels);
  const float eps = real(args, "eps");
  float* out = elements<float>(args, "out", product(info.Env(), "out", {rows, channels}));
  return start(args, [=] { kernels().rmsNorm(x, weight, rows, channels, eps, out); });
}

Napi::Value qkNormRope(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  QkNormRopeArgs call;
  call.batch = integer(args, "batch", 1, kMaxCount);
  call.tokens = integer(args, "tokens", 0, kMaxCount);
  call.heads = integer(args, "heads", 1, kMaxCount);
  call.dim = integer(args, "dim", 2, kMaxCount);
  if (call.dim % 2 != 0) refuse(info.Env(), "dim", "expected an even number");
  const int64_t width = product(info.Env(), "qkv", {call.heads, call.dim});
  call.qkv = rowsOf(args, "qkv", product(info.Env(), "qkv", {call.batch, call.tokens}), 3 * width);
  call.normQ = optionalElements<float>(args, "normQ", call.dim);
  call.normK = optionalElements<float>(args, "normK", call.dim);
  call.eps = real(args, "eps");
  call.rope = optionalElements<float>(args, "rope", product(info.Env(), "rope", {call.tokens, call.dim}));
  call.jointTokens = integer(args, "jointTokens", 0, kMaxCount);
  call.tokenOffset = integer(args, "tokenOffset", 0, kMaxCount);
  if (call.tokenOffset + call.tokens > call.jointTokens) refuse(info.Env(), "tokenOffset", "tokens end beyond the joint sequence");
  const int64_t joint = product(info.Env(), "q", {call.batch, call.jointTokens, width});
  call.q = elements<float>(args, "q", joint);
  call.k = elements<float>(args, "k", joint);
  call.v = elements<float>(args, "v", joint);
  return start(args, [call] { kernels().qkNormRope(call); });
}

Napi::Value gatedResidual(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  GatedResidualArgs call;
  call.batch = integer(args, "batch", 1, kMaxCount);
  call.tokens = integer(args, "tokens", 0, kMaxCount);
  call.channels = integer(args, "channels", 1, kMaxCount);
  const int64_t rows = product(info.Env(), "x", {call.batch, call.tokens});
  call.x = rowsOf(args, "x", rows, call.channels);
  call.gate = rowsOf(args, "gate", call.batch, call.channels);
  call.residual = elements<float>(args, "residual", product(info.Env(), "residual", {rows, call.channels}));
  return start(args, [call] { kernels().gatedResidual(call); });
}

Napi::Value activation(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  const auto kind = static_cast<Activation>(integer(args, "kind", 0, 1));
  const int64_t rows = integer(args, "rows", 0, kMaxCount);
  const int64_t channels = integer(args, "channels", 1, kMaxCount);
  const RowsView x = rowsOf(args, "x", rows, channels);
  const RowsView out = rowsOf(args, "out", rows, channels);
  return start(args, [=] {
    kernels().activation(x, kind, rows, channels, const_cast<float*>(out.data), out.rowStride);
  });
}

Napi::Value convertToFloat32(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  const auto dtype = static_cast<StoredDtype>(integer(args, "dtype", 0, 2));
  const int64_t count = integer(args, "count", 0, kMaxCount);
  const int64_t bytes = product(info.Env(), "bytes", {count, dtype == StoredDtype::f32 ? 4 : 2});
  const uint8_t* from = elements<uint8_t>(args, "bytes", bytes);
  float* out = elements<float>(args, "out", count);
  return start(args, [=] { kernels().convertToFloat32(from, dtype, count, out); });
}

// Resolves with the floating-point operations done.
Napi::Value fmaBurst(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  const int64_t rounds = integer(args, "rounds", 1, 1 << 30);
  const auto operations = std::make_shared<double>();
  return KernelCall::start(
      args,
      [=] {
        *operations = kernels().fmaBurst(rounds);
        return true;
      },
      [operations](Napi::Env env) { return Napi::Number::New(env, *operations); });
}

}  // namespace arrowhead::binding
