#include "context.h"

#include <cstring>
#include <new>

#include "../arguments.h"

namespace arrowhead::cuda {

using binding::integer;

namespace {

constexpr size_t kMaxPlans = 4096;

// Waits for an event on a thread of the pool, then hands the staged bytes over.
class Arrival : public Napi::AsyncWorker {
 public:
  Arrival(Napi::Env env, int device, std::shared_ptr<StagingPool> pool, StagingPool::Block* block, size_t bytes)
      : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), device_(device), pool_(std::move(pool)),
        block_(block), bytes_(bytes) {}

  Napi::Promise::Deferred deferred;

 protected:
  void Execute() override {
    cudaSetDevice(device_);
    if (const cudaError_t error = cudaEventSynchronize(block_->done)) SetError(cudaGetErrorString(error));
  }
  void OnOK() override {
    auto buffer = Napi::ArrayBuffer::New(Env(), bytes_);
    std::memcpy(buffer.Data(), block_->data, bytes_);
    block_->taken = false;
    deferred.Resolve(buffer);
  }
  void OnError(const Napi::Error& error) override {
    block_->taken = false;
    deferred.Reject(errorWithCode(Env(), "CUDA_ERROR", "The card failed: " + error.Message()).Value());
  }

 private:
  int device_;
  std::shared_ptr<StagingPool> pool_;
  StagingPool::Block* block_;
  size_t bytes_;
};

}  // namespace

Napi::Error errorWithCode(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

Napi::Function CudaContext::define(Napi::Env env) {
  return DefineClass(env, "CudaContext",
                     {
                         InstanceMethod<&CudaContext::allocate>("allocate"),
                         InstanceMethod<&CudaContext::release>("release"),
                         InstanceMethod<&CudaContext::memory>("memory"),
                         InstanceMethod<&CudaContext::matmulChoices>("matmulChoices"),
                         InstanceMethod<&CudaContext::upload>("upload"),
                         InstanceMethod<&CudaContext::download>("download"),
                         InstanceMethod<&CudaContext::keepOnHost>("keepOnHost"),
                         InstanceMethod<&CudaContext::releaseHost>("releaseHost"),
                         InstanceMethod<&CudaContext::stage>("stage"),
                         InstanceMethod<&CudaContext::awaitSlot>("awaitSlot"),
                         InstanceMethod<&CudaContext::leaveSlot>("leaveSlot"),
                         InstanceMethod<&CudaContext::finish>("finish"),
                         InstanceMethod<&CudaContext::close>("close"),
                         InstanceMethod<&CudaContext::linear>("linear"),
                         InstanceMethod<&CudaContext::activation>("activation"),
                         InstanceMethod<&CudaContext::layerNormModulate>("layerNormModulate"),
                         InstanceMethod<&CudaContext::gatedResidual>("gatedResidual"),
                         InstanceMethod<&CudaContext::addInPlace>("addInPlace"),
                         InstanceMethod<&CudaContext::projectQkv>("projectQkv"),
                         InstanceMethod<&CudaContext::copyRows>("copyRows"),
                         InstanceMethod<&CudaContext::convert>("convert"),
                         InstanceMethod<&CudaContext::quantizeRows>("quantizeRows"),
                         InstanceMethod<&CudaContext::fillNormal>("fillNormal"),
                         InstanceMethod<&CudaContext::headwiseAttention>("headwiseAttention"),
                         InstanceMethod<&CudaContext::measureAttention>("measureAttention"),
                         InstanceMethod<&CudaContext::attentionMap>("attentionMap"),
                     });
}

// new CudaContext(card index, file of cuBLASLt, matrix products' choices of an earlier process)
CudaContext::CudaContext(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CudaContext>(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsString()) throw Napi::TypeError::New(env, "CudaContext: expected (index, file)");
  device_ = info[0].As<Napi::Number>().Int32Value();
  require(env, cudaSetDevice(device_), "choosing the card");
  std::map<std::string, int> choices;
  if (info[2].IsObject()) {
    const auto known = info[2].As<Napi::Object>();
    const Napi::Array keys = known.GetPropertyNames();
    for (uint32_t i = 0; i < keys.Length(); ++i) {
      const std::string key = keys.Get(i).ToString().Utf8Value();
      choices[key] = static_cast<int>(integer(known, key.c_str(), kOwnKernel, 1000));
    }
  }
  try {
    matmul_ = std::make_unique<Matmul>(info[1].As<Napi::String>().Utf8Value(), std::move(choices));
  } catch (const std::exception& error) {
    throw errorWithCode(env, "CUBLAS_ERROR", error.what());
  }
  require(env, cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  cudaMemPool_t pool;
  require(env, cudaDeviceGetDefaultMemPool(&pool, device_), "finding the memory pool");
  // Freed memory stays with the process: the next step wants the same sizes.
  uint64_t keep = UINT64_MAX;
  require(env, cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "setting up the memory pool");
  staging_ = std::make_shared<StagingPool>();
  open_ = true;
  counters_ = static_cast<int32_t*>(allocateBytes(env, 2 * sizeof(int32_t), "the scheduler"));
  require(env, cudaMemsetAsync(counters_, 0, 2 * sizeof(int32_t), stream_), "clearing the scheduler");
}

CudaContext::~CudaContext() { shutDown(); }

void CudaContext::shutDown() {
  if (!open_) return;
  open_ = false;
  cudaSetDevice(device_);
  cudaStreamSynchronize(stream_);
  if (copies_) cudaStreamSynchronize(copies_);
  for (auto& [id, memory] : hostMemories_) cudaFreeHost(memory.data);
  for (const Slot& slot : slots_) {
    cudaEventDestroy(slot.ready);
    cudaEventDestroy(slot.free);
  }
  if (copies_) cudaStreamDestroy(copies_);
  hostMemories_.clear();
  slots_.clear();
  for (auto& [id, memory] : memories_) cudaFreeAsync(memory.data, stream_);
  for (auto& [key, plan] : plans_) cudaFreeAsync(plan.memory, stream_);
  cudaFreeAsync(counters_, stream_);
  cudaStreamSynchronize(stream_);
  memories_.clear();
  plans_.clear();
  planByKey_.clear();
  matmul_.reset();
  cudaStreamDestroy(stream_);
  cudaMemPool_t pool;
  if (cudaDeviceGetDefaultMemPool(&pool, device_) == cudaSuccess) cudaMemPoolTrimTo(pool, 0);
  cudaGetLastError();
}

void CudaContext::close(const Napi::CallbackInfo&) { shutDown(); }

void CudaContext::require(Napi::Env env, cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  const bool isMemory = error == cudaErrorMemoryAllocation;
  throw errorWithCode(env, isMemory ? "CUDA_OUT_OF_MEMORY" : "CUDA_ERROR",
                      std::string("CUDA failed at ") + what + ": " + cudaGetErrorString(error));
}

void CudaContext::makeCurrent(Napi::Env env) {
  if (!open_) throw errorWithCode(env, "CUDA_ERROR", "The card was closed");
  require(env, cudaSetDevice(device_), "choosing the card");
}

void* CudaContext::allocateBytes(Napi::Env env, size_t bytes, const char* what) {
  void* data = nullptr;
  require(env, cudaMallocAsync(&data, bytes == 0 ? 16 : bytes, stream_), what);
  return data;
}

void CudaContext::freeBytes(void* data) { cudaFreeAsync(data, stream_); }

Napi::Value CudaContext::allocate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const double wanted = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(wanted >= 0 && wanted < 1e15)) throw Napi::TypeError::New(env, "bytes: expected a natural number");
  const auto bytes = static_cast<size_t>(wanted);
  auto* data = static_cast<uint8_t*>(allocateBytes(env, bytes, "allocating"));
  while (memories_.contains(nextMemory_) || nextMemory_ == 0) ++nextMemory_;
  memories_[nextMemory_] = {data, bytes};
  return Napi::Number::New(env, nextMemory_++);
}

void CudaContext::release(const Napi::CallbackInfo& info) {
  if (!open_) return;
  makeCurrent(info.Env());
  const auto found = memories_.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == memories_.end()) return;
  freeBytes(found->second.data);
  memories_.erase(found);
}

Napi::Value CudaContext::memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  size_t free = 0, total = 0;
  require(env, cudaMemGetInfo(&free, &total), "asking for memory");
  cudaMemPool_t pool;
  require(env, cudaDeviceGetDefaultMemPool(&pool, device_), "finding the memory pool");
  uint64_t reserved = 0, used = 0, peak = 0;
  cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved);
  cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used);
  cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &peak);
  auto result = Napi::Object::New(env);
  result.Set("totalBytes", static_cast<double>(total));
  // What the pool keeps is there for the asking.
  result.Set("freeBytes", static_cast<double>(free + reserved - used));
  result.Set("usedBytes", static_cast<double>(used));
  result.Set("peakBytes", static_cast<double>(peak));
  return result;
}

Napi::Value CudaContext::matmulChoices(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  auto result = Napi::Object::New(info.Env());
  for (const auto& [key, choice] : matmul_->choices()) result.Set(key, choice);
  return result;
}

bool CudaContext::has(const Napi::Object& args, const char* name) const { return binding::isPresent(args, name); }

void* CudaContext::bytesOf(const Napi::Object& args, const char* name, int64_t bytes) {
  const Napi::Value value = args.Get(name);
  if (!value.IsObject()) binding::refuse(args.Env(), name, "expected {memory, offset}");
  const auto view = value.As<Napi::Object>();
  const auto found = memories_.find(static_cast<uint32_t>(integer(view, "memory", 1, UINT32_MAX)));
  if (found == memories_.end()) binding::refuse(args.Env(), name, "memory that was released");
  const int64_t offset = integer(view, "offset", 0, int64_t{1} << 50);
  int64_t end;
  if (bytes < 0 || __builtin_add_overflow(offset, bytes, &end) || static_cast<uint64_t>(end) > found->second.bytes)
    binding::refuse(args.Env(), name, "reaches past its memory");
  return found->second.data + offset;
}

RowsView CudaContext::rowsOf(const Napi::Object& args, const char* name, int64_t rows, int64_t width, int64_t elementBytes) {
  const Napi::Value value = args.Get(name);
  if (!value.IsObject()) binding::refuse(args.Env(), name, "expected {memory, offset, stride}");
  const int64_t stride = integer(value.As<Napi::Object>(), "stride", 0, int64_t{1} << 40);
  if (rows > 1 && stride < width) binding::refuse(args.Env(), name, "rows overlap");
  const int64_t elements = rows == 0 ? 0 : binding::product(args.Env(), name, {rows - 1, stride}) + width;
  return {bytesOf(args, name, binding::product(args.Env(), name, {elements, elementBytes})), stride};
}

void CudaContext::uploadBytes(Napi::Env env, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  StagingPool::Block* block = nullptr;
  try {
    block = &staging_->take(bytes);
  } catch (const std::bad_alloc&) {
    throw errorWithCode(env, "CUDA_OUT_OF_MEMORY", "No page-locked memory for a copy to the card");
  }
  std::memcpy(block->data, from, bytes);
  const cudaError_t copied = cudaMemcpyAsync(to, block->data, bytes, cudaMemcpyHostToDevice, stream_);
  cudaEventRecord(block->done, stream_);
  block->taken = false;
  require(env, copied, "copying to the card");
}

// upload({to: {memory, offset}, bytes: Uint8Array})
void CudaContext::upload(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  if (!args.Get("bytes").IsTypedArray()) binding::refuse(env, "bytes", "expected a Uint8Array");
  const auto count = static_cast<int64_t>(args.Get("bytes").As<Napi::TypedArray>().ByteLength());
  const uint8_t* from = binding::elements<uint8_t>(args, "bytes", count);
  auto* to = static_cast<uint8_t*>(bytesOf(args, "to", count));
  // In pieces, so that a large weight needs no page-locked memory of its size.
  constexpr int64_t kPiece = int64_t{64} << 20;
  for (int64_t at = 0; at < count; at += kPiece)
    uploadBytes(env, to + at, from + at, static_cast<size_t>(std::min(kPiece, count - at)));
}

Napi::Promise CudaContext::downloadBytes(Napi::Env env, const void* from, size_t bytes) {
  StagingPool::Block* block = nullptr;
  try {
    block = &staging_->take(bytes == 0 ? 16 : bytes);
  } catch (const std::bad_alloc&) {
    throw errorWithCode(env, "CUDA_OUT_OF_MEMORY", "No page-locked memory for a copy from the card");
  }
  cudaError_t error = cudaMemcpyAsync(block->data, from, bytes, cudaMemcpyDeviceToHost, stream_);
  if (error == cudaSuccess) error = cudaEventRecord(block->done, stream_);
  if (error != cudaSuccess) block->taken = false;
  require(env, error, "copying from the card");
  auto* arrival = new Arrival(env, device_, staging_, block, bytes);
  const Napi::Promise promise = arrival->deferred.Promise();
  arrival->Queue();
  return promise;
}

// download({from: {memory, offset}, count: bytes}) → Promise<ArrayBuffer>
Napi::Value CudaContext::download(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  const auto args = info[0].As<Napi::Object>();
  const int64_t count = integer(args, "count", 0, int64_t{1} << 40);
  return downloadBytes(info.Env(), bytesOf(args, "from", count), static_cast<size_t>(count));
}

// Resolves when everything enqueued has run; rejects where any of it failed.
Napi::Value CudaContext::finish(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  // A download comes when the stream gets there, and brings the card's errors along: four bytes are enough.
  return downloadBytes(info.Env(), counters_, sizeof(int32_t));
}

TileList CudaContext::planFor(Napi::Env env, const std::string& key, const std::function<TilePlan()>& make) {
  if (const auto known = planByKey_.find(key); known != planByKey_.end()) {
    plans_.splice(plans_.begin(), plans_, known->second);
    return known->second->second.list;
  }
  if (plans_.size() >= kMaxPlans) {
    freeBytes(plans_.back().second.memory);
    planByKey_.erase(plans_.back().first);
    plans_.pop_back();
  }
  const TilePlan plan = make();
  const size_t tileBytes = plan.tiles.size() * sizeof(Tile), walkBytes = plan.walks.size() * sizeof(KeyWalk);
  std::vector<uint8_t> bytes(tileBytes + walkBytes);
  std::memcpy(bytes.data(), plan.tiles.data(), tileBytes);
  std::memcpy(bytes.data() + tileBytes, plan.walks.data(), walkBytes);
  auto* memory = static_cast<uint8_t*>(allocateBytes(env, bytes.size(), "allocating a tile list"));
  uploadBytes(env, memory, bytes.data(), bytes.size());
  const TileList list = {reinterpret_cast<Tile*>(memory), reinterpret_cast<KeyWalk*>(memory + tileBytes),
                         static_cast<int32_t>(plan.tiles.size()), plan.dense};
  plans_.emplace_front(key, DevicePlan{list, memory});
  planByKey_[key] = plans_.begin();
  return list;
}

}  // namespace arrowhead::cuda
