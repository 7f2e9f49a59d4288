#include "thread_pool.h"

#include <algorithm>

namespace arrowhead {

ThreadPool& ThreadPool::shared() {
  static ThreadPool pool(std::max(1u, std::thread::hardware_concurrency()));
  return pool;
}

ThreadPool::ThreadPool(int threads) : threads_(threads) { start(threads - 1); }

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::setThreads(int count) {
  const std::lock_guard<std::mutex> lock(resize_);
  stop();
  threads_ = count;
  start(count - 1);
}

void ThreadPool::start(int workers) {
  stopping_ = false;
  for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { workerLoop(); });
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
  while (!job.cancel->requested()) {
    const int64_t index = job.next.fetch_add(1);
    if (index >= job.count) break;
    (*job.body)(index, slot);
  }
}

void ThreadPool::workerLoop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    Job* job = nullptr;
    for (Job* candidate : jobs_) {
      if (candidate->next.load() < candidate->count && candidate->slots.load() < candidate->maxSlots) {
        job = candidate;
        break;
      }
    }
    if (job == nullptr) {
      if (stopping_) return;
      wake_.wait(lock);
      continue;
    }
    ++job->active;
    lock.unlock();
    work(*job);
    lock.lock();
    if (--job->active == 0) idle_.notify_all();
    // A cancelled job keeps unstarted indices; leaving it listed would make this loop spin.
    if (job->cancel->requested()) job->next.store(job->count);
  }
}

bool ThreadPool::run(int64_t count, const CancelFlag& cancel, const std::function<void(int64_t, int)>& body) {
  if (cancel.requested()) return false;
  Job job;
  job.count = count;
  job.cancel = &cancel;
  job.body = &body;
  job.maxSlots = threads_.load();
  std::list<Job*>::iterator place;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    place = jobs_.insert(jobs_.end(), &job);
  }
  if (count > 1) wake_.notify_all();
  work(job);
  std::unique_lock<std::mutex> lock(mutex_);
  jobs_.erase(place);
  idle_.wait(lock, [&] { return job.active == 0; });
  return !cancel.requested();
}

}  // namespace arrowhead
