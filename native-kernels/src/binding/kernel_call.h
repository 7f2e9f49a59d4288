// A kernel call off the JS thread: runs `work` on a libuv thread (and the kernels' own pool), then settles a promise.
#pragma once
#include <napi.h>

#include <functional>
#include <utility>

namespace arrowhead::binding {

class KernelCall : public Napi::AsyncWorker {
 public:
  // `args` is kept alive until the call ends, and with it every array that the kernel reads or writes.
  // `work` returns false when it was cancelled; `result` makes the value to resolve with.
  static Napi::Promise start(const Napi::Object& args, std::function<bool()> work,
                             std::function<Napi::Value(Napi::Env)> result = {}) {
    auto* call = new KernelCall(args, std::move(work), std::move(result));
    const Napi::Promise promise = call->deferred_.Promise();
    call->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    if (!work_()) SetError("cancelled");
  }
  void OnOK() override { deferred_.Resolve(result_ ? result_(Env()) : Env().Undefined()); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  KernelCall(const Napi::Object& args, std::function<bool()> work, std::function<Napi::Value(Napi::Env)> result)
      : Napi::AsyncWorker(args.Env()),
        deferred_(Napi::Promise::Deferred::New(args.Env())),
        args_(Napi::Persistent(args)),
        work_(std::move(work)),
        result_(std::move(result)) {}

  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference args_;
  std::function<bool()> work_;
  std::function<Napi::Value(Napi::Env)> result_;
};

}  // namespace arrowhead::binding
