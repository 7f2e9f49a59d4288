#include "scratch.h"

#include <limits>
#include <mutex>
#include <new>
#include <vector>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARROWHEAD_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARROWHEAD_ADDRESS_SANITIZER
#endif

namespace arrowhead {

namespace {

constexpr std::align_val_t kAlignment{64};
// Enough for every head of SD3 or of FLUX at 1024²; what is beyond goes back to the system.
#ifdef ARROWHEAD_ADDRESS_SANITIZER
constexpr size_t kMostKept = 0;  // so that the sanitiser sees the true bounds and ends of blocks
#else
constexpr size_t kMostKept = size_t{192} << 20;
#endif
constexpr size_t kGranule = 4096;

struct Block {
  float* data;
  size_t bytes;
};

class Shelf {
 public:
  // The smallest kept block that is large enough without being wastefully large; null if there is none.
  Block take(size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto best = blocks_.end();
    for (auto it = blocks_.begin(); it != blocks_.end(); ++it)
      if (it->bytes >= bytes && it->bytes <= 2 * bytes && (best == blocks_.end() || it->bytes < best->bytes)) best = it;
    if (best == blocks_.end()) return {nullptr, 0};
    const Block block = *best;
    blocks_.erase(best);
    kept_ -= block.bytes;
    return block;
  }

  // Oldest blocks make room.
  void put(Block block) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (block.bytes > kMostKept || !reserveOne()) return free(block);
    while (kept_ + block.bytes > kMostKept) {
      kept_ -= blocks_.front().bytes;
      free(blocks_.front());
      blocks_.erase(blocks_.begin());
    }
    blocks_.push_back(block);
    kept_ += block.bytes;
  }

 private:
  static void free(Block block) { ::operator delete(block.data, kAlignment); }

  bool reserveOne() noexcept {
    try {
      blocks_.reserve(blocks_.size() + 1);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  std::mutex mutex_;
  std::vector<Block> blocks_;
  size_t kept_ = 0;
};

// Never destroyed: a kernel may still run on another thread while the process exits.
Shelf& shelf() {
  static Shelf* const instance = new Shelf;
  return *instance;
}

}  // namespace

Scratch::Scratch(int64_t count) {
  constexpr auto most = static_cast<int64_t>(std::numeric_limits<int64_t>::max() / sizeof(float) / 2);
  if (count < 0 || count > most) throw std::bad_alloc();
  const size_t needed = static_cast<size_t>(std::max<int64_t>(count, 1)) * sizeof(float);
#ifdef ARROWHEAD_ADDRESS_SANITIZER
  const size_t bytes = needed;
#else
  const size_t bytes = (needed + kGranule - 1) / kGranule * kGranule;
#endif
  Block block = shelf().take(bytes);
  if (block.data == nullptr) block = {static_cast<float*>(::operator new(bytes, kAlignment)), bytes};
  data_ = block.data;
  bytes_ = block.bytes;
}

Scratch::~Scratch() {
  if (data_ != nullptr) shelf().put({data_, bytes_});
}

}  // namespace arrowhead
