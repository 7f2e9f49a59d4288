// Memory that kernels work in. Blocks are kept and given out again: a fresh one costs a page fault for every 4 KiB, which
// at small shapes is more than the attention itself.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace arrowhead {

// Floats, 64-byte aligned, not initialised. Throws std::bad_alloc.
class Scratch {
 public:
  explicit Scratch(int64_t count);
  ~Scratch();
  Scratch(Scratch&& other) noexcept : data_(other.data_), bytes_(other.bytes_) { other.data_ = nullptr; }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch& operator=(Scratch&&) = delete;

  float* data() const { return data_; }

 private:
  float* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace arrowhead
