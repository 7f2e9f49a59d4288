// Weights that live in page-locked host memory: a second stream brings them into slots on the card while the first one
// computes with others.
#include "../arguments.h"
#include "context.h"

namespace arrowhead::cuda {

using binding::integer;

namespace {

constexpr int64_t kMaxSlots = 64;

}  // namespace

// keepOnHost({from: {memory, offset}, count: bytes}) → number of the host memory. Waits for the copy.
Napi::Value CudaContext::keepOnHost(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  const int64_t count = integer(args, "count", 1, int64_t{1} << 40);
  const void* from = bytesOf(args, "from", count);
  void* data = nullptr;
  require(env, cudaHostAlloc(&data, static_cast<size_t>(count), cudaHostAllocDefault), "allocating page-locked memory");
  cudaError_t error = cudaMemcpyAsync(data, from, static_cast<size_t>(count), cudaMemcpyDeviceToHost, stream_);
  if (error == cudaSuccess) error = cudaStreamSynchronize(stream_);
  if (error != cudaSuccess) cudaFreeHost(data);
  require(env, error, "moving a weight to the host");
  hostMemories_[nextHostMemory_] = {static_cast<uint8_t*>(data), static_cast<size_t>(count)};
  return Napi::Number::New(env, nextHostMemory_++);
}

void CudaContext::releaseHost(const Napi::CallbackInfo& info) {
  if (!open_) return;
  makeCurrent(info.Env());
  const auto found = hostMemories_.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == hostMemories_.end()) return;
  if (copies_) cudaStreamSynchronize(copies_);
  cudaFreeHost(found->second.data);
  hostMemories_.erase(found);
}

CudaContext::Slot& CudaContext::slotOf(const Napi::Object& args) {
  const Napi::Env env = args.Env();
  const auto index = static_cast<size_t>(integer(args, "slot", 0, kMaxSlots - 1));
  if (!copies_) require(env, cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "making a stream");
  while (slots_.size() <= index) {
    Slot slot = {};
    require(env, cudaEventCreateWithFlags(&slot.ready, cudaEventDisableTiming), "making an event");
    require(env, cudaEventCreateWithFlags(&slot.free, cudaEventDisableTiming), "making an event");
    slots_.push_back(slot);
  }
  return slots_[index];
}

// stage({host, to: {memory, offset}, slot}): the whole host memory into the slot, once its last reader is done.
void CudaContext::stage(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  makeCurrent(env);
  const auto args = info[0].As<Napi::Object>();
  const auto found = hostMemories_.find(static_cast<uint32_t>(integer(args, "host", 1, UINT32_MAX)));
  if (found == hostMemories_.end()) binding::refuse(env, "host", "memory that was released");
  const Memory& host = found->second;
  void* to = bytesOf(args, "to", static_cast<int64_t>(host.bytes));
  const Slot& slot = slotOf(args);
  require(env, cudaStreamWaitEvent(copies_, slot.free), "staging a weight");
  require(env, cudaMemcpyAsync(to, host.data, host.bytes, cudaMemcpyHostToDevice, copies_), "staging a weight");
  require(env, cudaEventRecord(slot.ready, copies_), "staging a weight");
}

// awaitSlot({slot}): what is enqueued from here on sees the staged weight.
void CudaContext::awaitSlot(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  require(info.Env(), cudaStreamWaitEvent(stream_, slotOf(info[0].As<Napi::Object>()).ready), "awaiting a weight");
}

// leaveSlot({slot}): after the last op that reads it.
void CudaContext::leaveSlot(const Napi::CallbackInfo& info) {
  makeCurrent(info.Env());
  require(info.Env(), cudaEventRecord(slotOf(info[0].As<Napi::Object>()).free, stream_), "leaving a weight");
}

}  // namespace arrowhead::cuda
