// One pool of worker threads for every kernel of the process. Workers sleep when there is nothing to do: ONNX Runtime
// shares the cores.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace arrowhead {

// Set from the JS thread to stop a call; kernels look at it between tiles.
class CancelFlag {
 public:
  CancelFlag() = default;
  explicit CancelFlag(const int32_t* flag) : flag_(flag) {}
  bool requested() const { return flag_ != nullptr && __atomic_load_n(flag_, __ATOMIC_RELAXED) != 0; }

 private:
  const int32_t* flag_ = nullptr;
};

class ThreadPool {
 public:
  // Made once and never destroyed: a kernel may still run on another thread while the process exits.
  static ThreadPool& shared();
  ~ThreadPool();

  // Threads that work on a call, the caller's among them.
  int threads() const { return threads_.load(); }
  // Fewer if the system gives no more. Waits until workers are free.
  void setThreads(int count);

  // Runs body(index, slot) for every index in [0, count), in order of start, on up to `slots` threads; returns when all
  // are done. `slot` < slots names scratch that no other running body has: the caller passes the count that it made its
  // scratch for, since setThreads may change threads() at any time. Safe to call from several threads at once.
  // Returns false if cancelled, in which case some indices did not run. Throws what a body threw first.
  bool run(int64_t count, int slots, const CancelFlag& cancel, const std::function<void(int64_t index, int slot)>& body);

 private:
  struct Job {
    int64_t count;
    const CancelFlag* cancel;
    const std::function<void(int64_t, int)>* body;
    int maxSlots;
    std::atomic<int64_t> next{0};
    std::atomic<int> slots{0};
    std::atomic<bool> failed{false};
    std::exception_ptr error = nullptr;  // written by whoever sets `failed`, read when nobody is active
    int active = 0;                      // workers inside, guarded by mutex_

    bool stopped() const { return cancel->requested() || failed.load(std::memory_order_relaxed); }
  };

  explicit ThreadPool(int threads);
  void start(int threads);
  void stop();
  void workerLoop();
  static void work(Job& job);

  std::atomic<int> threads_;
  std::mutex resize_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::list<Job*> jobs_;
  std::vector<std::thread> workers_;
  bool stopping_ = false;
};

}  // namespace arrowhead
