#include "thread_pool.h"

#include <algorithm>
#include <system_error>

namespace arrowhead {

ThreadPool& ThreadPool::shared() {
  static ThreadPool* const pool = new ThreadPool(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  return *pool;
}

ThreadPool::ThreadPool(int threads) : threads_(1) { start(threads); }

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::setThreads(int count) {
  const std::lock_guard<std::mutex> lock(resize_);
  stop();
  start(count);
}

void ThreadPool::start(int threads) {
  stopping_ = false;
  workers_.reserve(static_cast<size_t>(threads));
  try {
    while (static_cast<int>(workers_.size()) < threads - 1) workers_.emplace_back([this] { workerLoop(); });
  } catch (const std::system_error&) {
    // The system has no more threads to give: those that started, and every caller, do the work.
  }
  threads_ = static_cast<int>(workers_.size()) + 1;
}

void ThreadPool::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void ThreadPool::work(Job& job) {
  const int slot = job.slots.fetch_add(1);
  if (slot >= job.maxSlots) return;
  try {
    while (!job.stopped()) {
      const int64_t index = job.next.fetch_add(1);
      if (index >= job.count) break;
      (*job.body)(index, slot);
    }
  } catch (...) {
    if (!job.failed.exchange(true)) job.error = std::current_exception();
  }
}

void ThreadPool::workerLoop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    // A cancelled or failed job keeps indices that nobody will start: it is no work.
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [](const Job* job) {
      return !job->stopped() && job->next.load() < job->count && job->slots.load() < job->maxSlots;
    });
    if (found == jobs_.end()) {
      if (stopping_) return;
      wake_.wait(lock);
      continue;
    }
    Job& job = **found;
    ++job.active;
    lock.unlock();
    work(job);
    lock.lock();
    // The last touch of `job`: its owner may leave as soon as the lock is free.
    if (--job.active == 0) idle_.notify_all();
  }
}

bool ThreadPool::run(int64_t count, int slots, const CancelFlag& cancel,
                     const std::function<void(int64_t, int)>& body) {
  if (cancel.requested()) return false;
  Job job;
  job.count = count;
  job.cancel = &cancel;
  job.body = &body;
  job.maxSlots = slots;
  std::list<Job*>::iterator place;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    place = jobs_.insert(jobs_.end(), &job);
  }
  if (count > 1 && slots > 1) wake_.notify_all();
  work(job);
  {
    std::unique_lock<std::mutex> lock(mutex_);
    jobs_.erase(place);
    idle_.wait(lock, [&] { return job.active == 0; });
  }
  if (job.error != nullptr) std::rethrow_exception(job.error);
  return !cancel.requested();
}

}  // namespace arrowhead
