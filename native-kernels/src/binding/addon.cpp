#include "bindings.h"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "../cpu/kernels.h"
#include "arguments.h"

namespace {

using namespace arrowhead;

Napi::Value cpuInfo(const Napi::CallbackInfo& info) {
  auto result = Napi::Object::New(info.Env());
  result.Set("instructionSet", kernels().name);
  result.Set("threads", ThreadPool::shared().threads());
  return result;
}

void setThreads(const Napi::CallbackInfo& info) {
  const int32_t count = info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0;
  if (count < 1 || count > 1024) throw Napi::RangeError::New(info.Env(), "threads: expected 1 to 1024");
  ThreadPool::shared().setThreads(count);
}

void trimHeap(const Napi::CallbackInfo&) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// Large pages for memory that is about to be written for the first time: clearing it page by page would take longer than
// filling it. A hint, which may be ignored.
void adviseLargePages(const Napi::CallbackInfo& info) {
  const auto args = info[0].As<Napi::Object>();
  const auto count = static_cast<int64_t>(args.Get("memory").As<Napi::TypedArray>().ElementLength());
  [[maybe_unused]] float* memory = binding::elements<float>(args, "memory", count);
#ifdef __linux__
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(memory) + page - 1) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(memory + count) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto function) { exports.Set(name, Napi::Function::New(env, function, name)); };
  add("headwiseAttention", binding::headwiseAttention);
  add("measureAttention", binding::measureAttention);
  add("attentionMap", binding::attentionMap);
  add("headwiseRse", binding::headwiseRse);
  add("keptKeyRanges", binding::keptKeyRanges);
  add("layerNormModulate", binding::layerNormModulate);
  add("rmsNorm", binding::rmsNorm);
  add("qkNormRope", binding::qkNormRope);
  add("gatedResidual", binding::gatedResidual);
  add("activation", binding::activation);
  add("convertToFloat32", binding::convertToFloat32);
  add("fmaBurst", binding::fmaBurst);
  add("cpuInfo", cpuInfo);
  add("setThreads", setThreads);
  add("trimHeap", trimHeap);
  add("adviseLargePages", adviseLargePages);
  return exports;
}

}  // namespace

NODE_API_MODULE(arrowhead_kernels, init)
