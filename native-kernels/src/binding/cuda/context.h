// A card with its stream and memory, as JavaScript holds it. Memory is known by number, so that no address leaves C++;
// every call checks that what it touches lies inside.
#pragma once
#include <cuda_runtime.h>
#include <napi.h>

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../../cuda/kernels.h"
#include "../../cuda/matmul.h"
#include "staging.h"

namespace arrowhead::cuda {

// code: CUDA_OUT_OF_MEMORY, CUDA_ERROR or CUBLAS_ERROR.
Napi::Error errorWithCode(Napi::Env env, const char* code, const std::string& message);

// A TilePlan that was uploaded.
struct DevicePlan {
  TileList list;
  void* memory;
};

class CudaContext : public Napi::ObjectWrap<CudaContext> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit CudaContext(const Napi::CallbackInfo& info);
  ~CudaContext() override;

 private:
  // Memory and life
  Napi::Value allocate(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value matmulChoices(const Napi::CallbackInfo& info);
  void upload(const Napi::CallbackInfo& info);
  // Weights that live in page-locked memory and pass through a few slots on the card.
  Napi::Value keepOnHost(const Napi::CallbackInfo& info);
  void releaseHost(const Napi::CallbackInfo& info);
  void stage(const Napi::CallbackInfo& info);
  void awaitSlot(const Napi::CallbackInfo& info);
  void leaveSlot(const Napi::CallbackInfo& info);
  Napi::Value download(const Napi::CallbackInfo& info);
  Napi::Value finish(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  // Ops
  void linear(const Napi::CallbackInfo& info);
  void activation(const Napi::CallbackInfo& info);
  void layerNormModulate(const Napi::CallbackInfo& info);
  void gatedResidual(const Napi::CallbackInfo& info);
  void addInPlace(const Napi::CallbackInfo& info);
  void projectQkv(const Napi::CallbackInfo& info);
  void copyRows(const Napi::CallbackInfo& info);
  void convert(const Napi::CallbackInfo& info);
  void quantizeRows(const Napi::CallbackInfo& info);
  void fillNormal(const Napi::CallbackInfo& info);
  void headwiseAttention(const Napi::CallbackInfo& info);
  Napi::Value measureAttention(const Napi::CallbackInfo& info);
  Napi::Value attentionMap(const Napi::CallbackInfo& info);

  struct Slot {
    cudaEvent_t ready;  // on the copy stream: the weight is here
    cudaEvent_t free;   // on the main stream: nobody reads it any more
  };

  Slot& slotOf(const Napi::Object& args);

  struct Memory {
    uint8_t* data;
    size_t bytes;
  };

  // Throws a JavaScript error where the call failed: `code` is CUDA_OUT_OF_MEMORY or CUDA_ERROR.
  void require(Napi::Env env, cudaError_t error, const char* what);
  void makeCurrent(Napi::Env env);
  // `bytes` from `offset` on of a memory: {memory, offset} in the arguments.
  void* bytesOf(const Napi::Object& args, const char* name, int64_t bytes);
  bool has(const Napi::Object& args, const char* name) const;
  RowsView rowsOf(const Napi::Object& args, const char* name, int64_t rows, int64_t width, int64_t elementBytes = 2);
  ProductPart qkvPart(const Napi::Object& args, const ProductCall& call);
  HeadsView headsOf(const Napi::Object& args, const char* name, const AttentionShape& shape);
  AttentionShape attentionShape(const Napi::Object& args);
  TileList planFor(Napi::Env env, const std::string& key, const std::function<TilePlan()>& make);
  void* allocateBytes(Napi::Env env, size_t bytes, const char* what);
  void freeBytes(void* data);
  void uploadBytes(Napi::Env env, void* to, const void* from, size_t bytes);
  // Copies to the host once the stream gets there; resolves with an ArrayBuffer.
  Napi::Promise downloadBytes(Napi::Env env, const void* from, size_t bytes);
  void shutDown();

  int device_ = 0;
  bool open_ = false;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<Matmul> matmul_;
  std::unordered_map<uint32_t, Memory> memories_;
  uint32_t nextMemory_ = 1;
  cudaStream_t copies_ = nullptr;
  std::vector<Slot> slots_;
  std::unordered_map<uint32_t, Memory> hostMemories_;
  uint32_t nextHostMemory_ = 1;
  std::shared_ptr<StagingPool> staging_;
  int32_t* counters_ = nullptr;
  // Most recently used first; a plan is a few dozen KiB.
  std::list<std::pair<std::string, DevicePlan>> plans_;
  std::unordered_map<std::string, decltype(plans_)::iterator> planByKey_;
};

}  // namespace arrowhead::cuda
