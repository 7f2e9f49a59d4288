#include <napi.h>

#include "../../cuda/kernels.h"
#include "context.h"

namespace {

// The cards of this machine; empty without a driver.
Napi::Value cards(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto list = Napi::Array::New(env);
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    cudaGetLastError();
    return list;
  }
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, i) != cudaSuccess) continue;
    auto card = Napi::Object::New(env);
    card.Set("index", i);
    card.Set("name", properties.name);
    card.Set("major", properties.major);
    card.Set("minor", properties.minor);
    card.Set("multiprocessors", properties.multiProcessorCount);
    card.Set("memoryBytes", static_cast<double>(properties.totalGlobalMem));
    list.Set(list.Length(), card);
  }
  return list;
}

// Why there are none: "no CUDA-capable device is detected" and the like; null where there are some.
Napi::Value problem(const Napi::CallbackInfo& info) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (error == cudaSuccess && count > 0) return info.Env().Null();
  return Napi::String::New(info.Env(), error == cudaSuccess ? "no card" : cudaGetErrorString(error));
}

Napi::Value attentionBlock(const Napi::CallbackInfo& info) {
  const arrowhead::BlockSize block = arrowhead::cuda::attentionBlock(info[0].As<Napi::Number>().Int32Value());
  auto result = Napi::Array::New(info.Env(), 2);
  result.Set(uint32_t{0}, static_cast<double>(block.rows));
  result.Set(uint32_t{1}, static_cast<double>(block.keys));
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("CudaContext", arrowhead::cuda::CudaContext::define(env));
  exports.Set("cards", Napi::Function::New(env, cards, "cards"));
  exports.Set("problem", Napi::Function::New(env, problem, "problem"));
  exports.Set("attentionBlock", Napi::Function::New(env, attentionBlock, "attentionBlock"));
  exports.Set("maxCandidates", arrowhead::cuda::kMaxCandidates);
  exports.Set("maxAddends", arrowhead::cuda::kMaxAddends);
  exports.Set("maxReferences", arrowhead::cuda::kMaxReferences);
  return exports;
}

}  // namespace

NODE_API_MODULE(arrowhead_cuda, init)
