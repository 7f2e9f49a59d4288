// Everything but attention: reads arguments, checks that they lie in their memories, enqueues.
#include <stdexcept>

#include "../../cuda/project_qkv.h"
#include "../arguments.h"
#include "context.h"

namespace arrowhead::cuda {

using binding::integer;
using binding::real;
using binding::refuse;

namespace {

constexpr int64_t kMost = INT32_MAX;

Dtype dtypeOf(const Napi::Object& args, const char* name = "dtype") {
  return static_cast<Dtype>(integer(args, name, 0, 3));
}

int64_t bytesPer(Dtype dtype) { return dtype == Dtype::f32 ? 4 : dtype == Dtype::e4m3 ? 1 : 2; }

int32_t size(const Napi::Object& args, const char* name, int64_t least = 0) {
  return static_cast<int32_t>(integer(args, name, least, kMost));
}

Activation activationOf(const Napi::Object& args) { return static_cast<Activation>(integer(args, "kind", 0, 1)); }

}  // namespace

// {x, rest?, split?, weight, bias?, out, rows, inner, columns, dtype, outDtype, gelu, accumulate, xScales?, weightScales?, xNorms?,
// weightNorms?, outScales?}
void CudaContext::linear(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  MatmulCall call = {};
  call.rows = size(args, "rows");
  call.inner = size(args, "inner", 1);
  call.columns = size(args, "columns", 1);
  call.dtype = dtypeOf(args);
  call.outDtype = dtypeOf(args, "outDtype");
  const int64_t element = bytesPer(call.dtype);
  call.split = has(args, "rest") ? size(args, "split", 1) : call.inner;
  if (call.split > call.inner) refuse(env, "split", "expected at most inner");
  call.x = rowsOf(args, "x", call.rows, call.split, element);
  if (call.split < call.inner) call.rest = rowsOf(args, "rest", call.rows, call.inner - call.split, element);
  call.weight = rowsOf(args, "weight", call.columns, call.inner, element);
  call.bias = has(args, "bias") ? bytesOf(args, "bias", call.columns * 2) : nullptr;
  call.out = rowsOf(args, "out", call.rows, call.columns, bytesPer(call.outDtype));
  call.gelu = args.Get("gelu").ToBoolean().Value();
  call.accumulate = args.Get("accumulate").ToBoolean().Value();
  if (call.dtype == Dtype::e4m3) {
    if (call.split < call.inner) refuse(env, "rest", "expected none in fp8: a row's scale is of all its columns");
    call.xScales = static_cast<const float*>(bytesOf(args, "xScales", call.rows * 4));
    call.weightScales = static_cast<const float*>(bytesOf(args, "weightScales", call.columns * 4));
  }
  if (call.outDtype == Dtype::e4m3) {
    if (call.dtype != Dtype::e4m3 || !call.gelu || call.accumulate || call.out.rowStride != call.columns)
      refuse(env, "outDtype", "expected e4m3 only for whole rows of a product of e4m3 with gelu");
    call.xNorms = static_cast<const float*>(bytesOf(args, "xNorms", call.rows * 4));
    call.weightNorms = static_cast<const float*>(bytesOf(args, "weightNorms", call.columns * 4));
    call.outScales = static_cast<float*>(bytesOf(args, "outScales", call.rows * 4));
  }
  try {
    require(env, matmul_->run(call, stream_), "linear");
  } catch (const std::runtime_error& error) {
    throw errorWithCode(env, "CUBLAS_ERROR", error.what());
  }
}

// {x, out, rows, channels, kind, dtype}
void CudaContext::activation(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  const int64_t rows = size(args, "rows"), channels = size(args, "channels");
  require(info.Env(),
          cuda::activation(rowsOf(args, "x", rows, channels), rowsOf(args, "out", rows, channels), rows, channels,
                           activationOf(args), dtypeOf(args), stream_),
          "activation");
}

// {x, shift, scale, out, rowScales?, rowNorms?, batch, tokens, channels, eps, dtype}
void CudaContext::layerNormModulate(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  LayerNormModulateCall call = {};
  call.batch = size(args, "batch");
  call.tokens = size(args, "tokens");
  call.channels = size(args, "channels", 1);
  call.eps = real(args, "eps");
  call.dtype = dtypeOf(args);
  const int64_t rows = int64_t{call.batch} * call.tokens;
  call.x = rowsOf(args, "x", rows, call.channels);
  call.shift = rowsOf(args, "shift", call.batch, call.channels);
  call.scale = rowsOf(args, "scale", call.batch, call.channels);
  const bool quantises = has(args, "rowScales");
  call.out = rowsOf(args, "out", rows, call.channels, quantises ? 1 : 2);
  if (quantises) {
    call.rowScales = static_cast<float*>(bytesOf(args, "rowScales", rows * 4));
    call.rowNorms = static_cast<float*>(bytesOf(args, "rowNorms", rows * 4));
  }
  if (has(args, "added")) {
    call.added = rowsOf(args, "added", rows, call.channels);
    call.gate = rowsOf(args, "gate", call.batch, call.channels);
  }
  require(info.Env(), cuda::layerNormModulate(call, stream_), "layerNormModulate");
}

// {residual, x, gate, batch, tokens, channels, dtype}
void CudaContext::gatedResidual(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  GatedResidualCall call = {};
  call.batch = size(args, "batch");
  call.tokens = size(args, "tokens");
  call.channels = size(args, "channels");
  call.dtype = dtypeOf(args);
  const int64_t rows = int64_t{call.batch} * call.tokens;
  call.residual = rowsOf(args, "residual", rows, call.channels);
  call.x = rowsOf(args, "x", rows, call.channels);
  call.gate = rowsOf(args, "gate", call.batch, call.channels);
  require(info.Env(), cuda::gatedResidual(call, stream_), "gatedResidual");
}

// {a, b, count, dtype}
void CudaContext::addInPlace(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  const int64_t count = integer(args, "count", 0, int64_t{1} << 40);
  require(info.Env(),
          cuda::addInPlace(bytesOf(args, "a", count * 2), bytesOf(args, "b", count * 2), count, dtypeOf(args), stream_),
          "addInPlace");
}

// One of projectQkv's parts.
ProductPart CudaContext::qkvPart(const Napi::Object& args, const ProductCall& call) {
  const int64_t width = call.columns / 3, element = bytesPer(call.dtype), outElement = bytesPer(call.outDtype);
  const auto optional = [&](const char* name, int64_t bytes) { return has(args, name) ? bytesOf(args, name, bytes) : nullptr; };
  ProductPart part = {};
  part.rows = size(args, "rows");
  part.x = rowsOf(args, "x", part.rows, call.inner, element);
  part.weight = rowsOf(args, "weight", call.columns, call.inner, element);
  part.bias = optional("bias", call.columns * outElement);
  part.out = rowsOf(args, "out", part.rows, call.columns, outElement);
  part.normQ = optional("normQ", call.dim * outElement);
  part.normK = optional("normK", call.dim * outElement);
  part.rope = static_cast<float2*>(optional("rope", int64_t{part.rows} * call.dim * 4));
  if (call.dtype == Dtype::e4m3) {
    part.xScales = static_cast<const float*>(bytesOf(args, "xScales", int64_t{part.rows} * 4));
    part.weightScales = static_cast<const float*>(bytesOf(args, "weightScales", call.columns * 4));
  }
  const int64_t heads = width / call.dim;
  const uint8_t* needed = binding::optionalElements<uint8_t>(args, "needed", heads);
  part.units = headUnits(needed, static_cast<int32_t>(heads));
  return part;
}

// {parts: [{x, weight, bias?, out, rows, normQ?, normK?, rope?, xScales?, weightScales?, needed?}], inner, heads, dim,
// dtype, outDtype, eps}
void CudaContext::projectQkv(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  ProductCall call = {};
  call.inner = call.split = size(args, "inner", 1);
  call.dim = size(args, "dim", 2);
  if (call.dim % 2 != 0) refuse(env, "dim", "expected an even number");
  call.columns = static_cast<int32_t>(3 * integer(args, "heads", 1, kMost / 3 / call.dim) * call.dim);
  call.dtype = dtypeOf(args);
  call.outDtype = dtypeOf(args, "outDtype");
  call.epilogue = Epilogue::qkNormRope;
  call.eps = real(args, "eps");
  const auto parts = args.Get("parts").As<Napi::Array>();
  try {
    for (uint32_t first = 0; first < parts.Length(); first += kMaxProductParts) {
      call.count = 0;
      for (uint32_t n = first; n < parts.Length() && n < first + kMaxProductParts; ++n)
        call.parts[call.count++] = qkvPart(parts.Get(n).As<Napi::Object>(), call);
      require(env, cuda::projectQkv(*matmul_, call, stream_), "projectQkv");
    }
  } catch (const std::runtime_error& error) {
    throw errorWithCode(env, "CUBLAS_ERROR", error.what());
  }
}

// {from, to, rows, width, elementBytes}: strides and width in elements
void CudaContext::copyRows(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  const int64_t rows = integer(args, "rows", 0, int64_t{1} << 40), width = integer(args, "width", 0, int64_t{1} << 40);
  const int64_t element = integer(args, "elementBytes", 1, 8);
  const RowsView from = rowsOf(args, "from", rows, width, element), to = rowsOf(args, "to", rows, width, element);
  require(info.Env(),
          cuda::copyRows(from.data, from.rowStride * element, to.data, to.rowStride * element, width * element, rows, stream_),
          "copyRows");
}

// {from, fromDtype, to, toDtype, count}
void CudaContext::convert(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  const int64_t count = integer(args, "count", 0, int64_t{1} << 40);
  const Dtype from = dtypeOf(args, "fromDtype"), to = dtypeOf(args, "toDtype");
  require(info.Env(),
          cuda::convert(bytesOf(args, "from", count * bytesPer(from)), from, bytesOf(args, "to", count * bytesPer(to)), to,
                        count, stream_),
          "convert");
}

// {x, rows, channels, dtype, out, rowScales, rowNorms}
void CudaContext::quantizeRows(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  const int64_t rows = size(args, "rows"), channels = size(args, "channels", 1);
  require(info.Env(),
          cuda::quantizeRows(rowsOf(args, "x", rows, channels), rows, channels, dtypeOf(args),
                             bytesOf(args, "out", binding::product(info.Env(), "out", {rows, channels})),
                             static_cast<float*>(bytesOf(args, "rowScales", rows * 4)),
                             static_cast<float*>(bytesOf(args, "rowNorms", rows * 4)), stream_),
          "quantizeRows");
}

// {out, count, dtype, std, seed}
void CudaContext::fillNormal(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  const int64_t count = integer(args, "count", 0, int64_t{1} << 40);
  const Dtype dtype = dtypeOf(args);
  require(info.Env(),
          cuda::fillNormal(bytesOf(args, "out", count * bytesPer(dtype)), count, dtype, real(args, "std"),
                           static_cast<uint64_t>(integer(args, "seed", 0, int64_t{1} << 53)), stream_),
          "fillNormal");
}

}  // namespace arrowhead::cuda
